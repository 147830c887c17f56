package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drawbridge/app"
	"drawbridge/engine/sigv4"
)

// credentialsVariable holds AKID:SECRET, unlike --credentials, which names a
// file: a secret does not belong on a command line.
const credentialsVariable = environmentPrefix + "CREDENTIALS"

func serveCommand() *cobra.Command {
	config := app.Config{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the control APIs, the edge and the gateway",
		Long: `Serve the control APIs, the edge and the gateway on one or more addresses.

Each address speaks HTTP/1.1, HTTP/2 with prior knowledge, and TLS with both, on
one port. For each address one line on stdout says that it is ready:

    drawbridge ready http://127.0.0.1:4566 roles=edge,gateway,control,ops

Every flag can also be given as an environment variable (--data DIR is
DRAWBRIDGE_DATA=DIR; lists are separated by white space) and in the YAML file of
--config (data: DIR), which has two sections of its own, limits and functions. A
flag beats the environment, the environment beats the file.

SIGTERM lets running requests finish (10 s) and exits 0; a second one stops at once.`,
		Example: `  drawbridge serve
  drawbridge serve --data memory --region ap-northeast-1
  drawbridge serve --listen 0.0.0.0:80 --listen control,ops=127.0.0.1:4566`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fillSettings(cmd, os.Environ(), &config); err != nil {
				return err
			}
			config.Signer = sigv4.Credential{
				AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
			}
			config.CredentialsInline = os.Getenv(credentialsVariable)
			if err := config.Check(); err != nil {
				return usageError{err}
			}
			return serve(cmd.Context(), config, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().String("config", "", "YAML file with settings of the same names")
	serverFlags(cmd.Flags(), &config)
	return cmd
}

// serverFlags declares the settings of a server.
func serverFlags(flags *pflag.FlagSet, c *app.Config) {
	flags.SortFlags = false
	flags.StringArrayVar(&c.Listen, "listen", nil, "`[ROLES=]ADDR` to serve, repeatable; roles: edge, gateway, control, ops (default "+app.DefaultListen+" with all roles; an address without roles has edge,gateway)")
	flags.StringVar(&c.Data, "data", app.DefaultData(), "`folder` that keeps the configuration; memory keeps nothing")
	flags.StringVar(&c.Account, "account", "000000000000", "account `id` of callers whose access key names none")
	flags.StringVar(&c.Region, "region", "us-east-1", "`region` where a host or signature names none")
	flags.StringVar(&c.Wording, "aws-wording", "current", "`era` of AWS's texts: 2022 or current")
	flags.StringVar(&c.EdgeAddress, "edge-address", "64.252.64.1", "`IP` that aws:SourceIp shows for calls by the edge")
	flags.StringArrayVar(&c.GeoDatabases, "geo-database", nil, "MaxMind-format `file` (City, Country, ASN) that tells where viewers are; repeatable")
	flags.StringVar(&c.CognitoEndpoint, "cognito-endpoint", "", "`URL` under which Cognito user pools are, instead of on AWS")
	flags.StringVar(&c.LambdaEndpoint, "lambda-endpoint", "", "`URL` of a Lambda API for functions that --config does not name; signed by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	flags.Int64Var(&c.CacheSize, "cache-size", 256<<20, "`bytes` of RAM for cached objects")
	flags.Int64Var(&c.APICacheSize, "api-cache-size", 128<<20, "`bytes` of RAM for the answers in stages' caches")
	flags.StringArrayVar(&c.ConnectTo, "connect-to", nil, "`HOST1:PORT1:HOST2:PORT2`: connect to origin HOST1:PORT1 at HOST2:PORT2, as curl does; repeatable")
	flags.StringArrayVar(&c.AWSEndpoints, "aws-endpoint", nil, "`SERVICE=URL` that AWS integrations call, signed by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; *=URL is for all other services; trust stores and key value stores read from s3; repeatable")
	flags.StringArrayVar(&c.VPCLinkTargets, "vpc-link-target", nil, "`NAME=HOST[:PORT]` that a VPC link leads to; NAME is its load balancer's name or ARN, or the link's id; repeatable")
	flags.StringVar(&c.OriginCA, "origin-ca", "", "PEM `file` with further authorities for origins' certificates")
	flags.StringArrayVar(&c.TLSCertificates, "tls-certificate", nil, "`CERT.pem:KEY.pem` of your own, before the local authority's; repeatable")
	flags.StringArrayVar(&c.AllowOrigin, "allow-origin", nil, "`CIDR` that origins may resolve to although it is link-local or our own; repeatable")
	flags.StringArrayVar(&c.Truststores, "truststore", nil, "`s3://BUCKET/KEY=FILE`: the file that stands in for the truststore of custom domains with mutual TLS, for one version s3://BUCKET/KEY?versionId=V=FILE; repeatable")
	flags.StringArrayVar(&c.TrustedProxies, "trusted-proxy", nil, "`CIDR` of proxies in front, whose X-Forwarded-For names the caller; repeatable")
	flags.StringArrayVar(&c.ControlHosts, "control-host", nil, "further host `name` of the control plane; repeatable")
	flags.StringVar(&c.Credentials, "credentials", "", "YAML `file` with the credentials that may call; without, any well-formed ones may, on loopback")
	flags.DurationVar(&c.Propagation, "propagation", 0, "`time` a change takes to reach all 8 edge locations")
	flags.DurationVar(&c.GatewayPropagation, "gateway-propagation", 0, "the same `time` for stages, keys and plans")
	flags.StringVar(&c.AccessLog, "access-log", "stderr", "`where` access log lines go: stderr, off or a file")
	flags.StringArrayVar(&c.APIAccessLog, "api-access-log", nil, "`[NAME=]WHERE` the access logs of stages go: a file, - (stdout), a URL to post lines to, or off; NAME is a log group or delivery stream, * at its end is any text; repeatable")
	flags.StringArrayVar(&c.APIExecutionLog, "api-execution-log", nil, "the same for execution logs; their log groups are API-Gateway-Execution-Logs_<api>/<stage>")
	flags.StringVar(&c.OTLPEndpoint, "otlp-endpoint", "", "`URL` of an OpenTelemetry collector that gets the traces of stages with tracing: http://HOST:4318")
	flags.DurationVar(&c.DrainTimeout, "drain-timeout", 10*time.Second, "`time` running requests have to finish after SIGTERM")
}

// serve runs a server until ctx ends (the first signal); a second signal stops
// the process at once.
func serve(ctx context.Context, config app.Config, stdout, stderr io.Writer) error {
	config.Stdout, config.Stderr = stdout, stderr
	config.Log = slog.New(slog.NewTextHandler(stderr, nil))
	stopAtOnce()
	tuneCollector(config.CacheSize + config.APICacheSize)
	running, err := app.New(ctx, config)
	if err != nil {
		return err
	}
	for _, address := range running.Addresses() {
		fmt.Fprintf(stdout, "drawbridge ready %s roles=%s\n", address.URL, address.Roles)
	}
	return running.Serve(ctx)
}

// tuneCollector lets garbage grow to four times what is in use, because a
// server's live heap is small until its caches fill (a collection each few
// milliseconds is what Go's default comes to), and sets the process a bound that
// full caches stay well below. GOGC and GOMEMLIMIT in the environment win.
func tuneCollector(cacheBytes int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2*cacheBytes + 512<<20)
	}
}

// stopAtOnce ends the process at the second signal. It counts on its own from
// the start, so that a second signal right behind the first is not lost.
func stopAtOnce() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		<-signals
		os.Exit(exitFailed)
	}()
}
