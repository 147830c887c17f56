// extract.mjs turns the wire schemas of npm packages of the AWS SDK for
// JavaScript into the model files that the Go generator reads.
//
// It runs only when the models are renewed:
//
//   mkdir /tmp/npm && cd /tmp/npm && npm init -y
//   npm install --ignore-scripts @aws-sdk/client-cloudfront@3.1164.0 \
//       @aws-sdk/client-cloudfront-keyvaluestore@3.1142.0 \
//       @aws-sdk/client-api-gateway@3.1142.0 @aws-sdk/client-sts@3.1169.0 \
//       @aws-sdk/client-acm@3.1169.0 @aws-sdk/client-iam@3.1169.0
//   cd <repository> && node controlplane/api/gen/extract.mjs /tmp/npm [SERVICE...]
//   go run ./controlplane/api/gen
//
// What comes from where (reference/libraries.md 6):
//   dist-es/schemas/schemas_0.js    shapes, bindings, operations, errors
//   dist-es/runtimeConfig.shared.js version, XML namespace, service id
//   dist-es/models/enums.js         enum values
//   dist-types/models/*.d.ts        model order of members (the schema puts
//                                   required ones first), member -> enum
//   dist-types/commands/*.d.ts      errors of each operation
//   Go module aws-sdk-go-v2/service/* (through `go list`): whether a number is
//                                   an integer, a long or a double, which the
//                                   schema does not say
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modelsDir = join(here, "..", "models");
const npmRoot = process.argv[2];
if (!npmRoot) {
  console.error("usage: node extract.mjs NPM_FOLDER (a folder in which the packages are installed)");
  process.exit(2);
}

const SERVICES = [
  {
    file: "apigateway", package: "@aws-sdk/client-api-gateway", version: "3.1142.0",
    signingName: "apigateway", protocol: "rest-json",
    goModule: "github.com/aws/aws-sdk-go-v2/service/apigateway",
  },
  {
    file: "cloudfront", package: "@aws-sdk/client-cloudfront", version: "3.1164.0",
    signingName: "cloudfront", protocol: "rest-xml",
    goModule: "github.com/aws/aws-sdk-go-v2/service/cloudfront",
  },
  {
    file: "cloudfrontkeyvaluestore", package: "@aws-sdk/client-cloudfront-keyvaluestore", version: "3.1142.0",
    signingName: "cloudfront-keyvaluestore", protocol: "rest-json",
    goModule: "github.com/aws/aws-sdk-go-v2/service/cloudfrontkeyvaluestore",
  },
  {
    file: "sts", package: "@aws-sdk/client-sts", version: "3.1169.0",
    signingName: "sts", protocol: "query",
    goModule: "github.com/aws/aws-sdk-go-v2/service/sts",
  },
  {
    file: "acm", package: "@aws-sdk/client-acm", version: "3.1169.0",
    signingName: "acm", protocol: "json-1.1",
    goModule: "github.com/aws/aws-sdk-go-v2/service/acm",
    only: /^(Import|Request|Describe|Get|List|Delete)Certificates?$|^(AddTagsTo|RemoveTagsFrom|ListTagsFor)Certificate$/,
  },
  {
    file: "iam", package: "@aws-sdk/client-iam", version: "3.1169.0",
    signingName: "iam", protocol: "query",
    goModule: "github.com/aws/aws-sdk-go-v2/service/iam",
    only: /^(Upload|Get|List|Update|Delete)ServerCertificates?$|^(Tag|Untag)ServerCertificate$|^ListServerCertificateTags$/,
  },
];

// Trait bits and type numbers of @smithy/core/schema.
const TRAIT_BITS = [[1, "httpLabel"], [2, "idempotent"], [4, "idempotencyToken"], [8, "sensitive"],
  [16, "httpPayload"], [32, "httpResponseCode"], [64, "httpQueryParams"]];
const SIMPLE = new Map([[0, "string"], [1, "number"], [2, "boolean"], [4, "timestamp"], [5, "timestamp:date-time"],
  [6, "timestamp:http-date"], [7, "timestamp:epoch-seconds"], [15, "document"], [21, "blob"], [42, "blob"]]);
const LIST_MODIFIER = 64, MAP_MODIFIER = 128;

function traitsOf(raw) {
  if (raw === undefined || raw === 0) return {};
  if (typeof raw === "object") return { ...raw };
  const out = {};
  for (const [bit, name] of TRAIT_BITS) if (raw & bit) out[name] = 1;
  return out;
}

class Extractor {
  constructor(service, root) {
    this.service = service;
    this.dir = join(root, "node_modules", service.package);
    this.shapes = new Map();
    this.usedEnums = new Set();
  }

  async load() {
    const info = JSON.parse(readFileSync(join(this.dir, "package.json"), "utf8"));
    if (info.version !== this.service.version) {
      throw new Error(`${this.service.package}: found ${info.version}, pinned is ${this.service.version}`);
    }
    this.schemas = await this.importSchemas();
    const enums = join(this.dir, "dist-es/models/enums.js");
    this.enums = existsSync(enums) ? await import(pathToFileURL(enums)) : {};
    this.readTypeDeclarations();
    this.readGoTypes();
    const runtime = readFileSync(join(this.dir, "dist-es/runtimeConfig.shared.js"), "utf8");
    const setting = (key) => runtime.match(new RegExp(`${key}: (?:config\\?\\.\\w+ \\?\\? )?"([^"]*)"`))?.[1] ?? "";
    this.settings = { apiVersion: setting("apiVersion"), xmlNamespace: setting("xmlNamespace"), serviceId: setting("serviceId") };
  }

  // importSchemas evaluates the schema file without its imports: they are written for bundlers (no file
  // extensions), and only the error classes' registration needs them.
  async importSchemas() {
    const text = readFileSync(join(this.dir, "dist-es/schemas/schemas_0.js"), "utf8");
    let stubs = "class TypeRegistry { static for() { return new TypeRegistry(); } registerError() {} }\n";
    const body = text.replace(/^import \{([^}]*)\} from .*$/gm, (_, names) => {
      for (const n of names.split(",").map((s) => s.trim()).filter((s) => s && s !== "TypeRegistry")) stubs += `const ${n} = undefined;\n`;
      return "";
    });
    return import(`data:text/javascript;base64,${Buffer.from(stubs + body).toString("base64")}`);
  }

  // readTypeDeclarations keeps, for each interface, its members in order with the TypeScript type.
  readTypeDeclarations() {
    this.declared = new Map();
    const dir = join(this.dir, "dist-types/models");
    for (const file of readdirSync(dir)) {
      const text = readFileSync(join(dir, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      for (const m of text.matchAll(/export (?:interface|declare class) (\w+)(?: extends \w+)? \{([\s\S]*?)\n\}/g)) {
        const members = new Map();
        for (const f of m[2].matchAll(/^ {4}(?:readonly )?(\w+)\??: (.*);$/gm)) members.set(f[1], f[2]);
        this.declared.set(m[1], members);
      }
    }
  }

  // readGoTypes keeps, for each Go struct of the SDK, the number type of its fields.
  readGoTypes() {
    this.goTypes = new Map();
    const dir = execFileSync("go", ["list", "-m", "-f", "{{.Dir}}", this.service.goModule], { cwd: here, encoding: "utf8" }).trim();
    const files = readdirSync(dir).filter((f) => f.startsWith("api_op_")).map((f) => join(dir, f));
    files.push(join(dir, "types/types.go"), join(dir, "types/errors.go"));
    for (const file of files) {
      for (const m of readFileSync(file, "utf8").matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
        const fields = new Map();
        for (const f of m[2].matchAll(/^\t(\w+) +([^\s`]+)/gm)) fields.set(f[1].toLowerCase(), f[2]);
        this.goTypes.set(m[1], fields);
      }
    }
  }

  numberType(structNames, member) {
    for (const name of structNames) {
      const type = this.goTypes.get(name)?.get(member.toLowerCase());
      const m = type?.match(/(int32|int64|float32|float64)$/);
      if (m) return { int32: "integer", int64: "long", float32: "float", float64: "double" }[m[1]];
    }
    console.error(`${this.service.file}: no number type for ${structNames.join("|")}.${member}, taking integer`);
    return "integer";
  }

  // typeOf gives the type expression of a schema: a scalar's name, {list}, {map} or {shape}.
  typeOf(schema, context) {
    while (typeof schema === "function") schema = schema();
    if (schema === "unit") return null;
    if (typeof schema === "number") {
      if (schema >= MAP_MODIFIER) return { map: this.typeOf(schema - MAP_MODIFIER, context) };
      if (schema >= LIST_MODIFIER) return { list: this.typeOf(schema - LIST_MODIFIER, context) };
      const name = SIMPLE.get(schema);
      if (!name) throw new Error(`unknown simple schema ${schema}`);
      return name === "number" ? this.numberType(context.structNames, context.member) : name;
    }
    switch (schema[0]) {
      case 0: return this.typeOf(schema[4], context);
      case 1: return this.collection("list", schema, schema[4], context);
      case 2: return this.collection("map", schema, schema[5], context);
      case 3: case -3: case 4: this.structure(schema, []); return { shape: schema[2] };
    }
    throw new Error(`unknown schema kind ${schema[0]}`);
  }

  collection(kind, schema, value, context) {
    const [type, traits] = this.member(value, context);
    const own = traitsOf(schema[3]);
    const out = { [kind]: type };
    if (traits.xmlName) out.itemName = traits.xmlName;
    if (own.sparse) out.sparse = true;
    const known = new Set(["xmlName", "sensitive"]);
    for (const t of Object.keys(traits)) if (!known.has(t)) throw new Error(`trait ${t} on the items of ${schema[2]}`);
    return out;
  }

  // member splits a member's schema into its type expression and its traits.
  member(raw, context) {
    let schema = raw, traits = {};
    if (Array.isArray(raw) && raw.length === 2) { schema = raw[0]; traits = traitsOf(raw[1]); }
    return [this.typeOf(schema, context), traits];
  }

  structure(schema, extraNames) {
    const [, , name, rawTraits, names, members, required = 0] = schema;
    if (this.shapes.has(name)) return;
    const shape = { members: [] };
    if (schema[0] === 4) shape.union = true;
    this.shapes.set(name, shape);
    const traits = traitsOf(rawTraits);
    if (traits.error) {
      shape.error = { status: traits.httpError ?? (traits.error === "client" ? 400 : 500) };
      if (traits.awsQueryError) shape.error = { status: traits.awsQueryError[1], code: traits.awsQueryError[0] };
    }
    if (traits.xmlName) shape.xmlName = traits.xmlName;
    const declared = this.declared.get(name) ?? new Map();
    const structNames = [...extraNames, name];
    names.forEach((memberName, i) => {
      shape.members.push(this.describe({ name: memberName, raw: members[i], required: i < required, declared, structNames }));
    });
    // The schema lists required members first; the declarations keep the model's order.
    const order = [...declared.keys()];
    const rank = (m) => { const i = order.indexOf(m.name); return i < 0 ? order.length : i; };
    shape.members.sort((a, b) => rank(a) - rank(b));
  }

  describe({ name, raw, required, declared, structNames }) {
    const [type, traits] = this.member(raw, { structNames, member: name });
    const out = { name, type };
    const base = (declared.get(name) ?? "").replace(/ \| undefined$/, "").match(/(\w+)(?:\[\]|>)*$/)?.[1];
    if (base && this.enums[base]) { out.enum = base; this.usedEnums.add(base); }
    if (required) out.required = true;
    const location = [["httpLabel", "label"], ["httpQuery", "query"], ["httpQueryParams", "queryMap"], ["httpHeader", "header"],
      ["httpPrefixHeaders", "prefixHeader"], ["httpPayload", "payload"], ["httpResponseCode", "statusCode"]];
    for (const [trait, where] of location) {
      if (traits[trait] === undefined) continue;
      out.in = where;
      if (typeof traits[trait] === "string") out.wire = traits[trait];
    }
    if (traits.jsonName) out.wire = traits.jsonName;
    if (traits.xmlName) out.wire = traits.xmlName;
    for (const t of ["xmlFlattened", "xmlAttribute", "idempotencyToken", "sensitive"]) if (traits[t]) out[t] = true;
    const known = new Set([...location.map((l) => l[0]), "jsonName", "xmlName", "xmlFlattened", "xmlAttribute",
      "idempotencyToken", "sensitive", "clientOptional", "default"]);
    for (const t of Object.keys(traits)) if (!known.has(t)) throw new Error(`unknown trait ${t} on ${structNames.at(-1)}.${name}`);
    return out;
  }

  operation(schema) {
    const [, , name, rawTraits, input, output] = schema;
    const http = traitsOf(rawTraits).http ?? ["POST", "/", 200];
    const shapeName = (s, suffix) => {
      while (typeof s === "function") s = s();
      if (s === "unit") return null;
      this.structure(s, [`${name}${suffix}`]);
      return s[2];
    };
    const doc = readFileSync(join(this.dir, `dist-types/commands/${name}Command.d.ts`), "utf8");
    const errors = [...doc.matchAll(/@throws \{@link (\w+)\}/g)].map((m) => m[1]).filter((e) => `${e}$` in this.schemas);
    const out = { method: http[0], uri: http[1], status: http[2] };
    const inName = shapeName(input, "Input"), outName = shapeName(output, "Output");
    if (inName) out.input = inName;
    if (outName) out.output = outName;
    out.errors = errors.filter((e) => !e.endsWith("ServiceException") || e === "ServiceUnavailableException").sort();
    return out;
  }

  model() {
    const operations = {};
    const all = Object.values(this.schemas).filter(Array.isArray);
    // Operations first: they tell under which Go name the SDK keeps an input's number types.
    const wanted = (s) => s[0] === 9 && (!this.service.only || this.service.only.test(s[2]));
    for (const s of all.filter(wanted).sort((a, b) => (a[2] < b[2] ? -1 : 1))) operations[s[2]] = this.operation(s);
    const thrown = new Set(Object.values(operations).flatMap((o) => o.errors));
    for (const s of all.filter((s) => s[0] === -3 && (!this.service.only || thrown.has(s[2])) && !s[1].startsWith("smithy.ts.sdk.synthetic"))) this.structure(s, []);
    const sorted = (keys, of) => Object.fromEntries([...keys].sort().map((k) => [k, of(k)]));
    return {
      source: { package: this.service.package, version: this.service.version, license: "Apache-2.0" },
      service: { signingName: this.service.signingName, serviceId: this.settings.serviceId, apiVersion: this.settings.apiVersion,
        protocol: this.service.protocol, xmlNamespace: this.settings.xmlNamespace },
      operations,
      shapes: sorted(this.shapes.keys(), (k) => this.shapes.get(k)),
      enums: sorted(this.usedEnums, (k) => this.enums[k]),
    };
  }
}

// format writes JSON with one operation, one member and one enum value per line, so that a diff reads well.
function format(value, depth, key) {
  const flat = depth > 3 || (key === "operations" && depth > 1) || value === null || typeof value !== "object";
  if (flat || Object.keys(value).length === 0) return JSON.stringify(value);
  const pad = " ".repeat(depth + 1), end = " ".repeat(depth);
  const below = depth === 0 ? (k) => k : () => key;
  if (Array.isArray(value)) return `[\n${value.map((v) => pad + format(v, depth + 1, key)).join(",\n")}\n${end}]`;
  const lines = Object.entries(value).map(([k, v]) => `${pad}${JSON.stringify(k)}: ${format(v, depth + 1, below(k))}`);
  return `{\n${lines.join(",\n")}\n${end}}`;
}

const only = process.argv.slice(3); // services to renew; none: all
for (const service of SERVICES.filter((s) => only.length === 0 || only.includes(s.file))) {
  const extractor = new Extractor(service, npmRoot);
  await extractor.load();
  const model = extractor.model();
  writeFileSync(join(modelsDir, `${service.file}.json`), `${format(model, 0, "")}\n`);
  console.error(`${service.file}: ${Object.keys(model.operations).length} operations, ${Object.keys(model.shapes).length} shapes, ` +
    `${Object.keys(model.enums).length} enums`);
}
