package provider

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// apiDocument describes each endpoint once, under components.pathItems and by its name here. Where the
// endpoints are depends on the configuration, and what they support is discovery's to say, so that
// apiOf writes both.
//
//go:embed openapi.json
var apiDocument []byte

// An api is an OpenAPI 3.1 document.
type api struct {
	OpenAPI    string                  `json:"openapi"`
	Info       json.RawMessage         `json:"info"`
	Servers    []apiServer             `json:"servers"`
	Tags       []apiTag                `json:"tags"`
	Paths      map[string]apiPath      `json:"paths"`
	Components map[string]apiComponent `json:"components"`
}

type apiServer struct {
	URL string `json:"url"`
}

// An apiTag groups the operations of one issuer.
type apiTag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// An apiPath has what can be done at one path by method, and the path's parameters.
type apiPath map[string]any

// An apiComponent has things of one kind by their names.
type apiComponent map[string]json.RawMessage

const (
	realmTag   = "realm issuer"
	otherTag   = "no issuer"
	operation  = "operationId"
	valuesFrom = "x-values-from" // the member of the discovery document that lists a schema's values
)

// sharedTag names the group of an issuer of the shared layout.
func sharedTag(at string) string { return "shared issuer " + at + "/" }

// describeAPI returns the OpenAPI document of everything that is not for administrators, as this
// installation is configured.
func (p *provider) describeAPI(informationPath string) ([]byte, error) {
	var doc api
	if err := json.Unmarshal(apiDocument, &doc); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	doc.Servers = []apiServer{{URL: p.issuers.base}}
	doc.Paths = map[string]apiPath{}
	items := doc.Components["pathItems"]
	delete(doc.Components, "pathItems")
	for i, at := range p.issuers.paths {
		prefix := ""
		if i > 0 {
			prefix = "shared" + strconv.Itoa(i+1) + "_"
		}
		doc.Tags = append(doc.Tags, apiTag{Name: sharedTag(at), Description: "One issuer for all tenants."})
		if err := doc.mount(items, p.issuers.shared, at, prefix, sharedTag(at)); err != nil {
			return nil, err
		}
	}
	doc.Tags = append(doc.Tags, apiTag{Name: realmTag, Description: "An issuer for each tenant."}, apiTag{Name: otherTag})
	if err := doc.mount(items, p.issuers.realm, realmsPath+"{account}", "realm_", realmTag); err != nil {
		return nil, err
	}
	for at, name := range map[string]string{informationPath: string(tokenInformation), "/livez": "livez", "/readyz": "readyz"} {
		if err := doc.add(items, at, name, "", otherTag); err != nil {
			return nil, err
		}
	}
	if err := doc.fill(p.describe(p.issuers.sharedAt(p.issuers.paths[0]))); err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}

// mount adds every endpoint of the issuers at a path.
func (a *api) mount(items apiComponent, l *layout, at, prefix, tag string) error {
	for e, path := range l.paths {
		if err := a.add(items, at+path, string(e), prefix, tag); err != nil {
			return err
		}
	}
	return nil
}

// add puts a path item at an address. What one endpoint is at two addresses has two operation ids.
func (a *api) add(items apiComponent, at, name, prefix, tag string) error {
	raw, ok := items[name]
	if !ok {
		return fmt.Errorf("openapi.json: components.pathItems has no %s", name)
	}
	var path apiPath
	if err := json.Unmarshal(raw, &path); err != nil {
		return fmt.Errorf("openapi.json: pathItems.%s: %w", name, err)
	}
	for _, part := range path {
		if op, ok := part.(map[string]any); ok && op[operation] != nil {
			op[operation] = prefix + fmt.Sprint(op[operation])
			op["tags"] = []string{tag}
		}
	}
	if tag == realmTag {
		path["parameters"] = []any{map[string]string{"$ref": "#/components/parameters/account"}}
	}
	a.Paths[at] = path
	return nil
}

// fill writes what the discovery document lists into the schemas that say so, and leaves out the grants
// that it does not list.
func (a *api) fill(d document) error {
	listed, err := members(d)
	if err != nil {
		return err
	}
	schemas := a.Components["schemas"]
	var grants []map[string]string
	for _, name := range sortedNames(schemas) {
		var schema map[string]any
		if err := json.Unmarshal(schemas[name], &schema); err != nil {
			return fmt.Errorf("openapi.json: schemas.%s: %w", name, err)
		}
		if grant := grantOf(schema); grant != "" {
			if slices.Contains(d.GrantTypes, grant) {
				grants = append(grants, map[string]string{"$ref": "#/components/schemas/" + name})
			} else {
				delete(schemas, name)
			}
		}
		if from, ok := schema[valuesFrom].(string); ok {
			delete(schema, valuesFrom)
			schema["enum"] = listed[from]
			if schemas[name], err = json.Marshal(schema); err != nil {
				return err
			}
		}
	}
	schemas["TokenRequest"], err = json.Marshal(map[string]any{"oneOf": grants})
	return err
}

// members returns a document's members by their names.
func members(d document) (map[string]json.RawMessage, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	return m, json.Unmarshal(b, &m)
}

// grantOf returns the grant type of a schema that describes a token request, else "".
func grantOf(schema map[string]any) string {
	properties, _ := schema["properties"].(map[string]any)
	grantType, _ := properties["grant_type"].(map[string]any)
	value, _ := grantType["const"].(string)
	return value
}

func sortedNames(c apiComponent) []string {
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// onlyGet serves with whatever it is given the methods that read.
func onlyGet(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		serve(w, r)
	}
}
