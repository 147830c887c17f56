package app

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"drawbridge/controlplane/awsproto"
	"drawbridge/dataplane/gateway"
)

// credential is one entry of a credentials file.
type credential struct {
	AccessKeyID     string `yaml:"accessKeyId"`
	SecretAccessKey string `yaml:"secretAccessKey"`
	SessionToken    string `yaml:"sessionToken"`
	PrincipalARN    string `yaml:"principalArn"`
	AccountID       string `yaml:"accountId"`
}

// credentials returns who may call the control plane; none means leniency,
// which New allows on loopback only. Error texts never hold a secret.
func (c *Config) credentials() ([]awsproto.Credential, error) {
	var entries []credential
	if c.Credentials != "" {
		text, err := os.ReadFile(c.Credentials)
		if err != nil {
			return nil, fmt.Errorf("--credentials: %w", err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(&entries); err != nil {
			return nil, fmt.Errorf("--credentials %s: not a YAML list of accessKeyId, secretAccessKey, sessionToken, principalArn, accountId", c.Credentials)
		}
		if len(entries) == 0 {
			return nil, fmt.Errorf("--credentials %s: the list is empty; add one or leave the setting out", c.Credentials)
		}
	}
	if c.CredentialsInline != "" {
		id, secret, ok := strings.Cut(c.CredentialsInline, ":")
		if !ok {
			return nil, fmt.Errorf("DRAWBRIDGE_CREDENTIALS: write AKID:SECRET")
		}
		entries = append(entries, credential{AccessKeyID: id, SecretAccessKey: secret})
	}
	var credentials []awsproto.Credential
	for i, entry := range entries {
		if entry.AccountID == "" {
			entry.AccountID = c.Account
		}
		if entry.PrincipalARN == "" {
			entry.PrincipalARN = "arn:aws:iam::" + entry.AccountID + ":root"
		}
		switch {
		case entry.AccessKeyID == "" || entry.SecretAccessKey == "":
			return nil, fmt.Errorf("credentials: entry %d needs accessKeyId and secretAccessKey", i+1)
		case !accountPattern.MatchString(entry.AccountID):
			return nil, fmt.Errorf("credentials: entry %d: accountId has 12 digits", i+1)
		}
		credentials = append(credentials, awsproto.Credential(entry))
	}
	return credentials, nil
}

// identities are the same credentials as AWS_IAM methods know them.
func (c *Config) identities() ([]gateway.Identity, error) {
	credentials, err := c.credentials()
	if err != nil {
		return nil, err
	}
	var identities []gateway.Identity
	for _, known := range credentials {
		identities = append(identities, gateway.Identity{
			AccessKeyID: known.AccessKeyID, SecretKey: known.SecretAccessKey, SessionToken: known.SessionToken,
			ARN: known.PrincipalARN, Account: known.AccountID,
		})
	}
	return identities, nil
}
