package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"drawbridge/app"
)

// environmentPrefix begins the names of environment variables: --data is DRAWBRIDGE_DATA.
const environmentPrefix = "DRAWBRIDGE_"

// fillSettings gives every flag that the command line left alone its value from
// the environment, else from the YAML file --config names: flags, environment
// and file say the same things under the same names. The file's sections, which
// have no flag, go into the configuration.
func fillSettings(cmd *cobra.Command, environ []string, config *app.Config) error {
	flags := cmd.Flags()
	file := struct {
		Limits    map[string]int64     `yaml:"limits"`
		Functions yaml.Node            `yaml:"functions"`
		Rest      map[string]yaml.Node `yaml:",inline"`
	}{}
	environment := environmentValues(environ)
	if path := configPath(flags, environment); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the configuration: %w", err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
			return usageError{fmt.Errorf("%s: %w", path, err)}
		}
		if err := checkNames(path, file.Rest, flags); err != nil {
			return err
		}
		functions, err := functionsOf(&file.Functions, filepath.Dir(path))
		if err != nil {
			return usageError{fmt.Errorf("%s: functions: %w", path, err)}
		}
		config.Limits, config.Functions = file.Limits, functions
	}
	var failure error
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed || failure != nil || notASetting(flag.Name) {
			return
		}
		if value, ok := environment[flag.Name]; ok {
			failure = setFlag(flags, flag, environmentList(flag, value), environmentPrefix+environmentName(flag.Name))
			return
		}
		if node, ok := file.Rest[flag.Name]; ok {
			failure = setFromYAML(flags, flag, &node)
		}
	})
	return failure
}

// functionsOf reads the file's functions; their code is where the file says,
// seen from its folder.
func functionsOf(section *yaml.Node, folder string) (map[string]app.Function, error) {
	if section.IsZero() {
		return nil, nil
	}
	text, err := yaml.Marshal(section)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var functions map[string]app.Function
	if err := decoder.Decode(&functions); err != nil {
		return nil, err
	}
	for name, f := range functions {
		if f.Code == "" {
			return nil, fmt.Errorf("%s: code is missing: write the folder with the function's code", name)
		}
		if !filepath.IsAbs(f.Code) {
			f.Code = filepath.Join(folder, f.Code)
		}
		functions[name] = f
	}
	return functions, nil
}

// notASetting names the flags that are not settings of the server.
func notASetting(name string) bool { return name == "help" || name == "config" }

func configPath(flags *pflag.FlagSet, environment map[string]string) string {
	if path, _ := flags.GetString("config"); path != "" {
		return path
	}
	return environment["config"]
}

func checkNames(path string, given map[string]yaml.Node, flags *pflag.FlagSet) error {
	for name := range given {
		if flags.Lookup(name) == nil || notASetting(name) {
			return usageError{fmt.Errorf("%s: unknown setting %q; the settings are the flags of serve, limits and functions", path, name)}
		}
	}
	return nil
}

func setFromYAML(flags *pflag.FlagSet, flag *pflag.Flag, node *yaml.Node) error {
	var values []string
	if node.Kind == yaml.SequenceNode {
		if err := node.Decode(&values); err != nil {
			return usageError{fmt.Errorf("setting %s: %w", flag.Name, err)}
		}
	} else {
		var value string
		if err := node.Decode(&value); err != nil {
			return usageError{fmt.Errorf("setting %s: %w", flag.Name, err)}
		}
		values = []string{value}
	}
	return setFlag(flags, flag, values, "setting "+flag.Name)
}

func setFlag(flags *pflag.FlagSet, flag *pflag.Flag, values []string, source string) error {
	for _, value := range values {
		if err := flags.Set(flag.Name, value); err != nil {
			// pflag's text names the flag and repeats the value: no secret is a flag.
			return usageError{fmt.Errorf("%s: %w", source, err)}
		}
	}
	return nil
}

// environmentList splits the value of a repeatable setting at white space.
func environmentList(flag *pflag.Flag, value string) []string {
	if flag.Value.Type() == "stringArray" {
		return strings.Fields(value)
	}
	return []string{value}
}

func environmentName(flag string) string {
	return strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// environmentValues returns the DRAWBRIDGE_* variables by flag name.
func environmentValues(environ []string) map[string]string {
	values := make(map[string]string)
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if flag, ok := strings.CutPrefix(name, environmentPrefix); ok && name != credentialsVariable {
			values[strings.ToLower(strings.ReplaceAll(flag, "_", "-"))] = value
		}
	}
	return values
}
