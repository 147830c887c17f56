// Command gofunction is a Lambda function by aws-lambda-go that does what its
// event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string `json:"do"`
	Text string `json:"text"`
}

func handle(ctx context.Context, e event) (any, error) {
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	switch e.Do {
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Hour)
	case "wait": // until the file is there
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(e.Text); err == nil {
				break
			}
		}
	case "child": // that outlives its parent unless the group is ended
		child := exec.Command("sleep", "3600")
		if err := child.Start(); err != nil {
			return nil, err
		}
		return map[string]int{"child": child.Process.Pid, "pid": os.Getpid()}, nil
	case "big":
		return strings.Repeat("x", 7<<20), nil
	case "stream":
		read, write := io.Pipe()
		go func() {
			_, _ = io.WriteString(write, "one ")
			_, _ = io.WriteString(write, "two")
			_ = write.Close()
		}()
		return io.Reader(read), nil
	}
	fmt.Println("said:", e.Text)
	return map[string]any{
		"text": e.Text, "pid": os.Getpid(), "request": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "name": lambdacontext.FunctionName,
		"memory": lambdacontext.MemoryLimitInMB, "given": os.Getenv("GIVEN"), "secret": os.Getenv("DRAWBRIDGE_CREDENTIALS"),
		"inTime": time.Until(deadline) > 0,
	}, nil
}

func main() {
	if os.Getenv("EXIT_EARLY") != "" {
		os.Exit(1)
	}
	lambda.Start(handle)
}
