package app

import (
	"time"

	"drawbridge/dataplane/lambda"
)

// Function is a Lambda function that runs here: an entry of the configuration
// file's `functions:`, under the function's name.
type Function struct {
	Runtime     string            `yaml:"runtime"` // provided, nodejs or python
	Code        string            `yaml:"code"`    // folder, or the program of provided
	Handler     string            `yaml:"handler"` // file.function
	Timeout     time.Duration     `yaml:"timeout"`
	Memory      int               `yaml:"memory"`      // MB, told to the function
	Concurrency int               `yaml:"concurrency"` // processes at once
	Idle        time.Duration     `yaml:"idle"`        // until a process without work ends
	Environment map[string]string `yaml:"environment"`
	// Allow lists the source ARNs that may call it; without, everyone may.
	Allow []string `yaml:"allow"`
}

// checkLambda refuses settings of functions that cannot mean anything.
func (c *Config) checkLambda() error {
	return checkEndpoint("--lambda-endpoint", c.LambdaEndpoint)
}

// openLambda makes what calls functions. Its processes end after the last
// exchange has.
func (a *App) openLambda() error {
	options := lambda.Options{Account: a.config.Account, Region: a.config.Region, Log: a.log}
	if a.config.LambdaEndpoint != "" {
		options.Endpoint = &lambda.Endpoint{URL: a.config.LambdaEndpoint, Credential: a.config.Signer}
	}
	for name, f := range a.config.Functions {
		options.Functions = append(options.Functions, lambda.Function{
			Name: name, Runtime: f.Runtime, Code: f.Code, Handler: f.Handler, Timeout: f.Timeout, Memory: f.Memory,
			Concurrency: f.Concurrency, Idle: f.Idle, Environment: f.Environment, Allow: f.Allow,
		})
	}
	var err error
	if a.lambda, err = lambda.New(options); err != nil {
		return err
	}
	a.closers = append(a.closers, a.lambda.Close)
	return nil
}
