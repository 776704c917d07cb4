using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cluster.ApiServer.Tests.Kinds;

namespace Cluster.ApiServer.Tests.Rest;

/// <summary>Each documented way to fail over REST: code, reason, message and causes, word by word.</summary>
public sealed partial class ErrorPathTests(KindTests.Fixture fixture) : IClassFixture<KindTests.Fixture>
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Services = "/api/v1/namespaces/default/services";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    private const string Subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private const string Merge = "application/merge-patch+json";

    private readonly RestRig _rig = fixture.Rig;

    /// <summary>Method, path, body and its type; then code, reason, message and causes (<c>reason|field|message</c>).</summary>
    public static TheoryData<string, string, string?, string, int, string, string, string[]> Failures => new()
    {
        { "GET", Maps + "/none", null, "", 404, "NotFound", "configmaps \"none\" not found", [] },
        { "GET", "/apis/batch/v1/namespaces/default/jobs/none", null, "", 404, "NotFound", "jobs.batch \"none\" not found", [] },
        { "GET", "/api/v1/things", null, "", 404, "NotFound", "the server could not find the requested resource", [] },
        { "GET", "/apis/events.k8s.io/v1/namespaces/default/events/none", null, "", 404, "NotFound", "events \"none\" not found", [] },
        { "POST", Maps, """{"metadata":{"name":"there"}}""", "application/json", 409, "AlreadyExists", "configmaps \"there\" already exists", [] },
        {
            "PUT", Maps + "/there", """{"metadata":{"name":"there","resourceVersion":"1"}}""", "application/json", 409, "Conflict",
            "Operation cannot be fulfilled on configmaps \"there\": the object has been modified; please apply your changes to the latest version and try again",
            []
        },
        {
            "PUT", Maps + "/there", """{"metadata":{"name":"there","uid":"other"}}""", "application/json", 409, "Conflict", "*Precondition failed: UID in precondition: other, UID in object meta: ", []
        },
        {
            "POST", "/api/v1/namespaces/absent/configmaps", """{"metadata":{"name":"a"}}""", "application/json", 404, "NotFound",
            "namespaces \"absent\" not found", []
        },
        {
            "POST", Maps, """{"metadata":{"name":"a","namespace":"other"}}""", "application/json", 400, "BadRequest",
            "the namespace of the provided object does not match the namespace sent on the request", []
        },
        {
            "PUT", Maps + "/there", """{"metadata":{"name":"other"}}""", "application/json", 400, "BadRequest",
            "the name of the object (other) does not match the name on the URL (there)", []
        },
        {
            "POST", "/apis/batch/v1/namespaces/default/cronjobs", """{"apiVersion":"batch/v1beta1","kind":"CronJob","metadata":{"name":"a"}}""",
            "application/json", 400, "BadRequest",
            "the API version in the data (batch/v1beta1) does not match the expected API version (batch/v1)", []
        },
        {
            "POST", Maps, """{"metadata":{"name":"a","resourceVersion":"5"}}""", "application/json", 400, "BadRequest",
            "resourceVersion should not be set on objects to be created", []
        },
        { "POST", Maps + "/a", "{}", "application/json", 405, "MethodNotAllowed", "the server does not allow this method on the requested resource", [] },
        {
            "POST", Maps, "x", "text/plain", 415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            []
        },
        {
            "POST", Maps + "?dryRun=Some", """{"metadata":{"name":"a"}}""", "application/json", 422, "Invalid",
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"",
            ["FieldValueNotSupported|dryRun|Unsupported value: \"Some\": supported values: \"All\""]
        },
        {
            "POST", Maps + "?fieldValidation=Strict", """{"metadata":{"name":"a"},"dota":{}}""", "application/json", 400, "BadRequest",
            "*strict decoding error: unknown field \"dota\"", []
        },
        {
            "PATCH", Maps + "/there?force=true", "{}", Merge, 422, "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch",
            ["FieldValueForbidden|force|Forbidden: may not be specified for non-apply patch"]
        },
        {
            "PATCH", Maps + "/there", "{}", "application/apply-patch+yaml", 422, "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ["FieldValueRequired|fieldManager|Required value: is required for apply patch"]
        },
        {
            "DELETE", Maps + "/there?propagationPolicy=Sideways", null, "", 422, "Invalid",
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Sideways\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
            ["FieldValueNotSupported|propagationPolicy|Unsupported value: \"Sideways\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""]
        },
        {
            "DELETE", Maps + "/there?propagationPolicy=Orphan&orphanDependents=true", null, "", 422, "Invalid",
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set",
            ["FieldValueInvalid|propagationPolicy|Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set"]
        },
        {
            "DELETE", Maps + "/there", """{"preconditions":{"uid":"other"}}""", "application/json", 409, "Conflict",
            "*Operation cannot be fulfilled on configmaps \"there\": the UID in the precondition (other) does not match the UID in record (", []
        },
        {
            "GET", Maps + "?resourceVersionMatch=Exact", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            ["FieldValueForbidden|resourceVersionMatch|Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"]
        },
        {
            "GET", Maps + "?resourceVersionMatch=Exact&resourceVersion=0", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            ["FieldValueForbidden|resourceVersionMatch|Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""]
        },
        {
            "PUT", Leases + "/lock", """{"metadata":{"name":"lock"},"spec":{"holderIdentity":"b"}}""", "application/json", 422, "Invalid",
            "Lease.coordination.k8s.io \"lock\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update",
            ["FieldValueInvalid|metadata.resourceVersion|Invalid value: 0: must be specified for an update"]
        },
        // Reads.
        {
            "GET", Maps + "?fieldSelector=spec.nothing%3Dx", null, "", 400, "BadRequest",
            "\"spec.nothing\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", []
        },
        { "GET", "/api/v1/pods?fieldSelector=spec.nothing%3Dx", null, "", 400, "BadRequest", "field label not supported: spec.nothing", [] },
        { "GET", Maps + "?labelSelector=a%20b", null, "", 400, "BadRequest", "*unable to parse requirement: found 'b', expected: ", [] },
        { "GET", Maps + "?limit=many", null, "", 400, "BadRequest", "strconv.ParseInt: parsing \"many\": invalid syntax", [] },
        { "GET", Maps + "?continue=nonsense", null, "", 400, "BadRequest", "*invalid continue token: continue key is not valid: ", [] },
        {
            "GET", Maps + "?continue=bm9uc2Vuc2U&resourceVersion=5", null, "", 400, "BadRequest",
            "specifying resource version is not allowed when using continue", []
        },
        {
            "GET", Maps + "?resourceVersionMatch=Newest&resourceVersion=1", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
            ["FieldValueNotSupported|resourceVersionMatch|Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\""]
        },
        {
            "GET", Maps + "?resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=x", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
            ["FieldValueForbidden|resourceVersionMatch|Forbidden: resourceVersionMatch is forbidden when continue is provided"]
        },
        {
            "GET", Maps + "?sendInitialEvents=true", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
            ["FieldValueForbidden|sendInitialEvents|Forbidden: sendInitialEvents is forbidden for list"]
        },
        {
            "GET", Maps + "?watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=1", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ["FieldValueForbidden|resourceVersionMatch|Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"]
        },
        {
            "GET", Maps + "?watch=true&sendInitialEvents=true", null, "", 422, "Invalid",
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ["FieldValueForbidden|resourceVersionMatch|Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"]
        },
        { "GET", Maps + "/there/status", null, "", 404, "NotFound", "the server could not find the requested resource", [] },
        // Places and methods.
        { "POST", "/api/v1/configmaps", """{"metadata":{"name":"a"}}""", "application/json", 405, "MethodNotAllowed", "the server does not allow this method on the requested resource", [] },
        { "PUT", Maps, """{"metadata":{"name":"a"}}""", "application/json", 405, "MethodNotAllowed", "the server does not allow this method on the requested resource", [] },
        { "DELETE", "/api/v1/componentstatuses/etcd-0", null, "", 405, "MethodNotAllowed", "the server does not allow this method on the requested resource", [] },
        // Bodies.
        {
            "POST", Maps, "{", "application/json", 400, "BadRequest",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)", []
        },
        { "POST", Maps, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}""", "application/json", 400, "BadRequest", "*Pod in version \"v1\" cannot be handled as a ConfigMap: ", [] },
        { "POST", Maps, """{"metadata":{"name":7}}""", "application/json", 400, "BadRequest", "*ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string", [] },
        {
            "POST", Maps, """{"data":{"a":"1"}}""", "application/json", 422, "Invalid",
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
            ["FieldValueRequired|metadata.name|Required value: name or generateName is required"]
        },
        {
            "POST", Maps, """{"metadata":{"name":"Not_A_Name"}}""", "application/json", 422, "Invalid",
            "ConfigMap \"Not_A_Name\" is invalid: metadata.name: Invalid value: \"Not_A_Name\": " + Subdomain, ["FieldValueInvalid|metadata.name|Invalid value: \"Not_A_Name\": " + Subdomain]
        },
        {
            "POST", Maps + "?fieldValidation=Strict", """{"metadata":{"name":"a"},"data":{"a":"1","a":"2"}}""", "application/json", 400, "BadRequest",
            "*strict decoding error: duplicate field \"data.a\"", []
        },
        // Options of writes.
        {
            "POST", Maps + "?fieldValidation=Sometimes", """{"metadata":{"name":"a"}}""", "application/json", 422, "Invalid",
            "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Sometimes\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
            ["FieldValueNotSupported|fieldValidation|Unsupported value: \"Sometimes\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""]
        },
        {
            "POST", Maps + "?fieldManager=" + new string('m', 129), """{"metadata":{"name":"a"}}""", "application/json", 422, "Invalid",
            "*CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: ", ["FieldValueTooLong|fieldManager|Too long: may not be more than 128 bytes"]
        },
        {
            "POST", Maps + "?fieldManager=a%07b", """{"metadata":{"name":"a"}}""", "application/json", 422, "Invalid",
            "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\ab\": invalid character U+0007 (at position 1)",
            ["FieldValueInvalid|fieldManager|Invalid value: \"a\\ab\": invalid character U+0007 (at position 1)"]
        },
        {
            "PUT", Maps + "/there?dryRun=Some", """{"metadata":{"name":"there"}}""", "application/json", 422, "Invalid",
            "UpdateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"",
            ["FieldValueNotSupported|dryRun|Unsupported value: \"Some\": supported values: \"All\""]
        },
        {
            "PATCH", Maps + "/there?dryRun=Some", "{}", Merge, 422, "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"",
            ["FieldValueNotSupported|dryRun|Unsupported value: \"Some\": supported values: \"All\""]
        },
        {
            "DELETE", Maps + "/there?dryRun=Some", null, "", 422, "Invalid",
            "DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"",
            ["FieldValueNotSupported|dryRun|Unsupported value: \"Some\": supported values: \"All\""]
        },
        // What is not there, or not so.
        { "PUT", Maps + "/none", """{"metadata":{"name":"none"}}""", "application/json", 404, "NotFound", "configmaps \"none\" not found", [] },
        { "PATCH", Maps + "/none", "{}", Merge, 404, "NotFound", "configmaps \"none\" not found", [] },
        { "DELETE", Maps + "/none", null, "", 404, "NotFound", "configmaps \"none\" not found", [] },
        {
            "DELETE", Maps + "/there", """{"preconditions":{"resourceVersion":"1"}}""", "application/json", 409, "Conflict",
            "*Operation cannot be fulfilled on configmaps \"there\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (", []
        },
        { "DELETE", "/api/v1/namespaces/default", null, "", 403, "Forbidden", "namespaces \"default\" is forbidden: this namespace may not be deleted", [] },
        {
            "POST", "/api/v1/namespaces/default/pods/none/binding", """{"metadata":{"name":"none"},"target":{"kind":"Node","name":"n"}}""", "application/json", 404, "NotFound",
            "pods \"none\" not found", []
        },
        {
            "POST", Pods + "/bound/binding", """{"metadata":{"name":"bound"},"target":{"kind":"Node","name":"n1"}}""", "application/json", 409, "Conflict",
            "Operation cannot be fulfilled on pods/binding \"bound\": pod bound is already assigned to node \"n1\"", []
        },
        {
            "POST", Pods + "/leaving/binding", """{"metadata":{"name":"leaving"},"target":{"kind":"Node","name":"n1"}}""", "application/json", 409, "Conflict",
            "Operation cannot be fulfilled on pods/binding \"leaving\": pod leaving is being deleted, cannot be assigned to a host", []
        },
        {
            "POST", Pods + "/bound/binding", """{"metadata":{"name":"bound"},"target":{"kind":"Rack"}}""", "application/json", 422, "Invalid",
            "Binding \"bound\" is invalid: [target.kind: Unsupported value: \"Rack\": supported values: \"Node\", \"<empty>\", target.name: Required value]",
            ["FieldValueNotSupported|target.kind|Unsupported value: \"Rack\": supported values: \"Node\", \"<empty>\"", "FieldValueRequired|target.name|Required value"]
        },
        // What the server hands out.
        {
            "POST", Services, """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}],"clusterIP":"10.97.0.1"}}""", "application/json", 422, "Invalid",
            "Service \"s\" is invalid: spec.clusterIPs: Invalid value: []string{\"10.97.0.1\"}: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16",
            ["FieldValueInvalid|spec.clusterIPs|Invalid value: []string{\"10.97.0.1\"}: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16"]
        },
        {
            "POST", Services, """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80}],"clusterIP":"10.96.7.7"}}""", "application/json", 422, "Invalid",
            "Service \"s\" is invalid: spec.clusterIPs: Invalid value: []string{\"10.96.7.7\"}: failed to allocate IP 10.96.7.7: provided IP is already allocated",
            ["FieldValueInvalid|spec.clusterIPs|Invalid value: []string{\"10.96.7.7\"}: failed to allocate IP 10.96.7.7: provided IP is already allocated"]
        },
        {
            "POST", Services, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":29999}]}}""", "application/json", 422, "Invalid",
            "Service \"s\" is invalid: spec.ports[0].nodePort: Invalid value: 29999: provided port is not in the valid range. The range of valid ports is 30000-32767",
            ["FieldValueInvalid|spec.ports[0].nodePort|Invalid value: 29999: provided port is not in the valid range. The range of valid ports is 30000-32767"]
        },
        {
            "POST", Services, """{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30707}]}}""", "application/json", 422, "Invalid",
            "Service \"s\" is invalid: spec.ports[0].nodePort: Invalid value: 30707: provided port is already allocated",
            ["FieldValueInvalid|spec.ports[0].nodePort|Invalid value: 30707: provided port is already allocated"]
        },
        // Patches.
        {
            "PATCH", Maps + "/there", """[{"op":"test","path":"/data/a","value":"other"}]""", "application/json-patch+json", 422, "Invalid",
            "the server rejected our request due to an error in our request", []
        },
        {
            "PATCH", Maps + "/there", "{}", "application/json-patch+json", 400, "BadRequest",
            "json: cannot unmarshal object into Go value of type jsonpatch.Patch", []
        },
        {
            "PATCH", Maps + "/there", "[" + string.Join(',', Enumerable.Repeat("""{"op":"remove","path":"/data"}""", 10_001)) + "]", "application/json-patch+json",
            413, "RequestEntityTooLarge", "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001", []
        },
        { "PATCH", Maps + "/there", "{", Merge, 400, "BadRequest", "Invalid JSON Patch", [] },
        {
            "PATCH", Maps + "/there", """{"metadata":{"name":"other"}}""", Merge, 400, "BadRequest",
            "the name of the object (other) does not match the name on the URL (there)", []
        },
        {
            "PATCH", Maps + "/there", "{}", "application/json", 415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
            []
        },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Request_ThatFails_IsToldInKubernetesWords(
        string method, string path, string? body, string type, int code, string reason, string message, string[] causes)
    {
        await _rig.PostAsync(Maps, """{"metadata":{"name":"there"}}""");
        await _rig.PostAsync(Leases, """{"metadata":{"name":"lock"},"spec":{"holderIdentity":"a"}}""");
        if (path.StartsWith(Pods, StringComparison.Ordinal))
            await AddPodsAsync();
        if (path.StartsWith(Services, StringComparison.Ordinal))
            await _rig.PostAsync(Services, """{"metadata":{"name":"held"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30707}],"clusterIP":"10.96.7.7"}}""");
        var (answered, status) = await _rig.SendAsync(new HttpMethod(method), path, body, type);

        Assert.Equal(code, (int)answered);
        AssertStatus(status, code, reason, message, causes);
    }

    [Fact]
    public async Task Get_OfAFormThatIsNotMade_IsNotAcceptable()
    {
        var (code, status) = await _rig.GetAsync(Maps, "text/html");

        Assert.Equal(HttpStatusCode.NotAcceptable, code);
        AssertStatus(
            status, 406, "NotAcceptable", "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf", []);
    }

    [Fact]
    public async Task Create_WithABodyOverTheLimit_IsTooLarge()
    {
        var (code, status) = await _rig.PostAsync(Maps, $$$"""{"metadata":{"name":"big"},"data":{"a":"{{{new string('x', 3 * 1024 * 1024)}}}"}}""");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, code);
        AssertStatus(status, 413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728", []);
    }

    private async Task AddPodsAsync()
    {
        await _rig.PostAsync("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        await _rig.PostAsync(Pods, """{"metadata":{"name":"bound"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}""");
        await _rig.PostAsync(Pods, """{"metadata":{"name":"leaving","finalizers":["example.com/a"]},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await _rig.SendAsync(HttpMethod.Delete, Pods + "/leaving");
    }

    /// <param name="status">The body of the answer.</param>
    /// <param name="code">Of the answer too.</param>
    /// <param name="reason">Empty where Kubernetes has none.</param>
    /// <param name="message">A star before it stands for what differs from run to run before or after the text.</param>
    /// <param name="causes">Each <c>reason|field|message</c>.</param>
    private static void AssertStatus(JsonNode status, int code, string reason, string message, string[] causes)
    {
        Assert.Equal(
            ("v1", "Status", "Failure", reason, code),
            (status["apiVersion"]?.ToString(), status["kind"]?.ToString(), status["status"]?.ToString(), status["reason"]?.ToString() ?? "", (int)status["code"]!));
        var text = status["message"]!.ToString();
        if (message.StartsWith('*'))
            Assert.Contains(message[1..], text, StringComparison.Ordinal);
        else
            Assert.Equal(message, text);
        var details = status["details"];
        var told = details?["causes"]?.AsArray().Select(cause => $"{cause!["reason"]}|{cause["field"]}|{cause["message"]}");
        Assert.Equal(causes, told ?? []);
        // What the message names is what the details are of: the resource, or the kind of what is invalid.
        var about = Subject().Match(text);
        Assert.Equal(
            (about.Groups["name"].Value, about.Groups["group"].Value, about.Groups["kind"].Value),
            (details?["name"]?.ToString() ?? "", details?["group"]?.ToString() ?? "", details?["kind"]?.ToString() ?? ""));
    }

    [GeneratedRegex("""^(Operation cannot be fulfilled on )?(?<kind>[\w/]+)(\.(?<group>[\w.-]+))? "(?<name>[^"]*)"( not found$| already exists$| is invalid: | is forbidden: |: )""")]
    private static partial Regex Subject();

    [Fact]
    public async Task Update_ThatAddsAFinalizerToWhatIsOnItsWayOut_IsInvalid()
    {
        await _rig.PostAsync(Maps, """{"metadata":{"name":"held","finalizers":["example.com/a"]}}""");
        await _rig.SendAsync(HttpMethod.Delete, Maps + "/held");
        var (code, status) = await _rig.SendAsync(HttpMethod.Patch, Maps + "/held", """{"metadata":{"finalizers":["example.com/a","example.com/b"]}}""", Merge);

        const string why = "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"example.com/b\"}";
        Assert.Equal((422, "Invalid", "ConfigMap \"held\" is invalid: metadata.finalizers: " + why), ((int)code, status["reason"]!.ToString(), status["message"]!.ToString()));
        Assert.Equal(
            "FieldValueForbidden|metadata.finalizers|" + why,
            Assert.Single(status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["reason"]}|{cause["field"]}|{cause["message"]}")));
    }

    [Fact]
    public async Task Failure_OfEachReason_SaysWhatItIsAbout()
    {
        await _rig.PostAsync(Maps, """{"metadata":{"name":"there"}}""");
        Assert.Equal("""{"name":"none","group":"apps","kind":"deployments"}""", await DetailsAsync(HttpMethod.Get, "/apis/apps/v1/namespaces/default/deployments/none"));
        Assert.Equal("""{"name":"there","kind":"configmaps"}""", await DetailsAsync(HttpMethod.Post, Maps, """{"metadata":{"name":"there"}}"""));
        Assert.Equal("""{"name":"there","kind":"configmaps"}""", await DetailsAsync(HttpMethod.Put, Maps + "/there", """{"metadata":{"name":"there","resourceVersion":"1"}}"""));
        // The kind, and not the resource, of what is invalid.
        Assert.StartsWith("""{"name":"_","kind":"ConfigMap","causes":""", await DetailsAsync(HttpMethod.Post, Maps, """{"metadata":{"name":"_"}}"""), StringComparison.Ordinal);
    }

    private async Task<string> DetailsAsync(HttpMethod method, string path, string? body = null) =>
        (await _rig.SendAsync(method, path, body)).Body["details"]!.ToJsonString();

    [Fact]
    public async Task List_OfAVersionNotReached_TimesOutWithItsCause()
    {
        var (code, status) = await _rig.GetAsync(Maps + "?resourceVersion=999999999");

        Assert.Equal((504, "Timeout"), ((int)code, status["reason"]!.ToString()));
        Assert.StartsWith("Timeout: Too large resource version: 999999999, current: ", status["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, (int)status["details"]!["retryAfterSeconds"]!);
        Assert.Equal(
            "ResourceVersionTooLarge|Too large resource version",
            Assert.Single(status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["reason"]}|{cause["message"]}")));
    }

    [Fact]
    public async Task Create_InANamespaceOnItsWayOut_IsForbiddenWithItsCause()
    {
        await _rig.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"leaving"}}""");
        await _rig.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/leaving");
        var (code, status) = await _rig.PostAsync("/api/v1/namespaces/leaving/configmaps", """{"metadata":{"name":"a"}}""");

        Assert.Equal((403, "Forbidden", "configmaps \"a\" is forbidden: unable to create new content in namespace leaving because it is being terminated"), (
            (int)code, status["reason"]!.ToString(), status["message"]!.ToString()));
        Assert.Equal(
            "NamespaceTerminating|metadata.namespace|namespace leaving is being terminated",
            Assert.Single(status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["reason"]}|{cause["field"]}|{cause["message"]}")));
    }

    [Fact]
    public async Task Apply_OfAFieldSomebodyElseOwns_IsAConflictWithItsCause()
    {
        const string path = Maps + "/owned?fieldManager=";
        await _rig.SendAsync(HttpMethod.Patch, path + "one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned"},"data":{"a":"1"}}""", "application/apply-patch+yaml");
        var (code, status) = await _rig.SendAsync(
            HttpMethod.Patch, path + "two", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned"},"data":{"a":"2"}}""",
            "application/apply-patch+yaml");

        Assert.Equal((409, "Conflict", "Apply failed with 1 conflict: conflict with \"one\": .data.a"), (
            (int)code, status["reason"]!.ToString(), status["message"]!.ToString()));
        Assert.Equal(
            "FieldManagerConflict|.data.a|conflict with \"one\"",
            Assert.Single(status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["reason"]}|{cause["field"]}|{cause["message"]}")));
    }
}
