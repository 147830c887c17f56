package lock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// maxSecretFile bounds what is read of a file that holds a secret.
const maxSecretFile = 4096

// ReadSecret finds a new secret where source says: "generate" (or "") is none,
// "env:NAME", "file:PATH" (one line), "secretsmanager:ID" (its current value).
// The value itself is never an argument: those can be seen by others.
func (a *Account) ReadSecret(ctx context.Context, source string) (string, error) {
	kind, name, _ := strings.Cut(source, ":")
	value := ""
	switch {
	case source == "" || source == "generate":
		return "", nil
	case kind == "env" && name != "":
		if value = os.Getenv(name); value == "" {
			return "", fmt.Errorf("environment variable %s is empty", name)
		}
	case kind == "file" && name != "":
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		defer func() { _ = file.Close() }() // read only
		text, err := io.ReadAll(io.LimitReader(file, maxSecretFile))
		if err != nil {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		value = strings.TrimRight(string(text), "\r\n")
	case kind == "secretsmanager" && name != "":
		read, err := a.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			return "", fmt.Errorf("read secret %s: %w", name, err)
		}
		value = aws.ToString(read.SecretString)
	}
	return value, checkSecret(value)
}

// ErrSource says that a source of secrets is none.
var ErrSource = errors.New("choose generate, env:NAME, file:PATH or secretsmanager:ID")

// CheckSource tells whether ReadSecret knows a source.
func CheckSource(source string) error {
	kind, name, _ := strings.Cut(source, ":")
	known := kind == "env" || kind == "file" || kind == "secretsmanager"
	if source == "" || source == "generate" || known && name != "" {
		return nil
	}
	return ErrSource
}
