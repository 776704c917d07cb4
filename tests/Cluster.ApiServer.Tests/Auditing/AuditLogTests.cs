using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;
using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Auditing;

/// <summary>The log of requests to a whole server.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class AuditLogTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        rules:
        - level: None
          nonResourceURLs: ["/healthz*"]
        - level: RequestResponse
          resources: [{group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"]}]
        - level: Request
          verbs: ["create"]
        - level: Metadata
        """;

    private const string Canary = "canary-value";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_AreWrittenAsThePolicySays()
    {
        var events = await RunAsync(async client =>
        {
            await SendAsync(client, "GET", "/healthz");
            await SendAsync(client, "GET", "/api/v1/namespaces/default/pods?limit=1");
            await SendAsync(client, "POST", "/api/v1/namespaces", """{"metadata":{"name":"audited"}}""");
            await SendAsync(client, "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"audited"},"data":{"a":"b"}}""");
            await SendAsync(client, "GET", "/api/v1/namespaces/default/configmaps/missing");
        });

        Assert.DoesNotContain(events, one => (string?)one["requestURI"] == "/healthz");
        var list = Assert.Single(events, one => (string?)one["requestURI"] == "/api/v1/namespaces/default/pods?limit=1");
        Assert.Equal(
            ("Event", "audit.k8s.io/v1", "Metadata", "ResponseComplete", "list", "kubernetes-admin", 200, "allow"),
            ((string?)list["kind"], (string?)list["apiVersion"], (string?)list["level"], (string?)list["stage"], (string?)list["verb"], (string?)list["user"]!["username"],
                (int)list["responseStatus"]!["code"]!, (string?)list["annotations"]!["authorization.k8s.io/decision"]));
        Assert.Equal("""{"resource":"pods","namespace":"default","apiVersion":"v1"}""", list["objectRef"]!.ToJsonString());
        Assert.Null(list["requestObject"]);

        var create = Assert.Single(events, one => (string?)one["requestURI"] == "/api/v1/namespaces");
        Assert.Equal("audited", (string?)create["requestObject"]!["metadata"]!["name"]);
        Assert.Null(create["responseObject"]);

        var map = Assert.Single(events, one => (string?)one["verb"] == "create" && (string?)one["objectRef"]?["resource"] == "configmaps");
        Assert.Equal("b", (string?)map["requestObject"]!["data"]!["a"]);
        Assert.NotNull(map["responseObject"]!["metadata"]!["uid"]);
        var missing = Assert.Single(events, one => (string?)one["objectRef"]?["name"] == "missing");
        Assert.Equal(404, (int)missing["responseStatus"]!["code"]!);
    }

    [Fact]
    public async Task Objects_OfAPolicyThatOmitsThem_AreWrittenWithoutManagedFields()
    {
        const string path = "/api/v1/namespaces/default/configmaps";
        var events = (await RunAsync(
            async (client, _) =>
            {
                await SendAsync(client, "POST", path + "?fieldManager=tester", """{"metadata":{"name":"lean"},"data":{"a":"b"}}""");
                await SendAsync(client, "GET", path);
                await SendAsync(client, "GET", path + "/lean");
            },
            policy: "kind: Policy\nomitManagedFields: true\nrules:\n- {level: RequestResponse, verbs: [get], omitManagedFields: false}\n- level: RequestResponse")).Events;

        var answers = events.Where(one => (string?)one["stage"] == "ResponseComplete").ToLookup(one => (string)one["verb"]!, one => one["responseObject"]!);
        Assert.Null(Assert.Single(answers["create"])["metadata"]!["managedFields"]);
        Assert.All(Assert.Single(answers["list"])["items"]!.AsArray(), one => Assert.Null(one!["metadata"]!["managedFields"]));
        Assert.NotNull(Assert.Single(answers["get"])["metadata"]!["managedFields"]);
    }

    /// <summary>Who looks on for hours is known at once.</summary>
    [Fact]
    public async Task Watch_ThatGoesOn_IsInTheLog()
    {
        using var folder = new TempDirectory();
        var path = folder.File("audit.log");
        await using var server = await rig.StartAsync(FreePort.Tcp(), new AuditLogOptions(path));
        using var client = new HttpClient(rig.Handler("admin")) { BaseAddress = server.Url, DefaultRequestVersion = HttpVersion.Version20 };
        using var watch = await client.GetAsync("/api/v1/secrets?watch=true", HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var channel = GrpcChannel.ForAddress(server.Url, new GrpcChannelOptions { HttpHandler = rig.Handler("admin"), DisposeHttpClient = true });
        using var call = new Resources.ResourcesClient(channel).Watch(new WatchRequest { Ref = new ResourceRef { Version = "v1", Resource = "configmaps" } }, cancellationToken: Cancel);
        await call.ResponseHeadersAsync;

        await Eventually.True(() => Started(path, "secrets") && Started(path, "configmaps"));
    }

    private static bool Started(string path, string resource)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Any(one => (string?)one["stage"] == "ResponseStarted"
            && (string?)one["verb"] == "watch" && (int?)one["responseStatus"]?["code"] == 200 && (string?)one["objectRef"]?["resource"] == resource
            && (string?)one["annotations"]?["authorization.k8s.io/decision"] == "allow");
    }

    /// <summary>Objects of megabytes must not pile up before a slow disk.</summary>
    [Fact]
    public async Task Requests_WithoutRoomForTheirObjects_AreWrittenWithoutThem()
    {
        var events = (await RunAsync(
            (client, _) => SendAsync(client, "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"crowded"},"data":{"a":"b"}}"""), maxPendingBytes: 1)).Events;

        var map = Assert.Single(events, one => (string?)one["verb"] == "create" && (string?)one["objectRef"]?["resource"] == "configmaps");
        Assert.Equal((null, null, 201, "true"), (map["requestObject"], map["responseObject"], (int)map["responseStatus"]!["code"]!, (string?)map["annotations"]!["audit.k8s.io/truncated"]));
    }

    [Fact]
    public async Task TryWrite_BeyondTheBytesThatMayWait_TakesNothingUntilSomeAreWritten()
    {
        using var folder = new TempDirectory();
        var path = folder.File("audit.log");
        await using (var log = new AuditLog(new AuditLogOptions(path) { MaxPendingBytes = 8 }, TimeProvider.System, NullLogger.Instance))
        {
            Assert.False(log.TryWrite("line nine"u8.ToArray()));
            Assert.True(log.TryWrite("line one"u8.ToArray()));
            await Eventually.True(() => log.TryWrite("line two"u8.ToArray()));
        }

        Assert.Equal("line one\nline two\n", await File.ReadAllTextAsync(path, Cancel));
    }

    [Fact]
    public async Task SecretsAndTokens_LeaveNoTrace()
    {
        var data = Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary));
        var token = "";
        var (events, text) = await RunAsync(
            async (client, _) =>
            {
                await SendAsync(client, "POST", "/api/v1/namespaces/default/secrets", $$$"""{"metadata":{"name":"audited","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{{{data}}}"}},"data":{"a":"{{{data}}}"},"stringData":{"b":"{{{Canary}}}"}}""");
                await SendAsync(client, "PATCH", "/api/v1/namespaces/default/secrets/audited", $$$"""{"data":{"c":"{{{data}}}"}}""", "application/merge-patch+json");
                await SendAsync(client, "GET", "/api/v1/namespaces/default/secrets");
                using var table = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/secrets?includeObject=Object") { Version = HttpVersion.Version20 };
                table.Headers.TryAddWithoutValidation("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
                using var rows = await client.SendAsync(table, Cancel);
                Assert.Contains(data, await rows.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
                await SendAsync(client, "POST", "/api/v1/namespaces/default/secrets", $$$"""{"metadata":{"name":"twice"},"data":{"a":"{{{data}}}"},"data":{"a":"{{{data}}}"}}""");
                await SendAsync(client, "GET", $"/api/v1/namespaces/default/secrets?access_token={Canary}");
                var answer = await SendAsync(client, "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", """{"spec":{}}""");
                token = (string)JsonNode.Parse(answer)!["status"]!["token"]!;
            });

        Assert.Equal(7, events.Count(one => (string?)one["level"] == "RequestResponse"));
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
        Assert.DoesNotContain(data, text, StringComparison.Ordinal);
        Assert.DoesNotContain(token, text, StringComparison.Ordinal);
        Assert.Contains("(redacted)", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedAndImpersonated_SayWho()
    {
        var events = await RunAsync(async client =>
        {
            client.DefaultRequestHeaders.Add("Impersonate-User", "jane");
            await SendAsync(client, "GET", "/api/v1/nodes");
            client.DefaultRequestHeaders.Remove("Impersonate-User");
            using var stranger = new HttpClient(rig.Handler(null)) { BaseAddress = client.BaseAddress };
            stranger.DefaultRequestHeaders.Authorization = new("Bearer", "wrong");
            await SendAsync(stranger, "GET", "/api/v1/secrets");
        });

        var jane = Assert.Single(events, one => (string?)one["impersonatedUser"]?["username"] == "jane");
        Assert.Equal(
            ("kubernetes-admin", 403, "forbid"),
            ((string?)jane["user"]!["username"], (int)jane["responseStatus"]!["code"]!, (string?)jane["annotations"]!["authorization.k8s.io/decision"]));
        var unknown = Assert.Single(events, one => (string?)one["requestURI"] == "/api/v1/secrets");
        Assert.Equal(("{}", 401), (unknown["user"]!.ToJsonString(), (int)unknown["responseStatus"]!["code"]!));
    }

    [Fact]
    public async Task GrpcCalls_AreWrittenByWhatTheyAreAbout()
    {
        var events = (await RunAsync(async (_, url) =>
        {
            using var channel = GrpcChannel.ForAddress(url, new GrpcChannelOptions { HttpHandler = rig.Handler("admin"), DisposeHttpClient = true });
            var map = new ConfigMap { Metadata = new ObjectMeta { Name = "called" } };
            await new Resources.ResourcesClient(channel).CreateAsync(
                new WriteRequest
                {
                    Ref = new ResourceRef { Version = "v1", Resource = "configmaps", Namespace = "default" }, Object = ByteString.CopyFrom(Envelope.Encode(map, "v1", "ConfigMap")),
                },
                cancellationToken: Cancel);
        })).Events;

        var call = Assert.Single(events, one => (string?)one["requestURI"] == "/cluster.v1.Resources/Create");
        Assert.Equal(("create", "configmaps", "default"), ((string?)call["verb"], (string?)call["objectRef"]!["resource"], (string?)call["objectRef"]!["namespace"]));
    }

    [Fact]
    public async Task AuditId_IsTheClientsOwnOrNew()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/version") { Version = HttpVersion.Version20 };
        request.Headers.Add("Audit-ID", "mine");
        using var own = await rig.Admin.SendAsync(request, Cancel);
        using var fresh = await rig.Admin.GetAsync("/version", Cancel);

        Assert.Equal("mine", own.Headers.GetValues("Audit-ID").Single());
        Assert.True(Guid.TryParse(fresh.Headers.GetValues("Audit-ID").Single(), out _));
    }

    [Fact]
    public async Task AuditId_ThatNoHeaderMayHold_IsANewOne()
    {
        using var handler = rig.Handler("admin");
        handler.RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8;
        using var client = new HttpClient(handler) { BaseAddress = rig.Url, DefaultRequestVersion = HttpVersion.Version20 };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Audit-ID", "caf\u00e9");
        using var response = await client.GetAsync("/version", Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(Guid.TryParse(response.Headers.GetValues("Audit-ID").Single(), out _));
    }

    [Fact]
    public async Task File_ThatCannotBeOpenedForAWhile_IsWrittenAgainAfterIt()
    {
        using var folder = new TempDirectory();
        var place = Directory.CreateDirectory(folder.File("logs"));
        var path = Path.Combine(place.FullName, "audit.log");
        var complaints = new RecordedLog();
        await using (var log = new AuditLog(new AuditLogOptions(path) { MaxBytes = 12 }, TimeProvider.System, complaints))
        {
            await log.WriteAsync("line one"u8.ToArray(), Cancel);
            await Eventually.True(() => new FileInfo(path).Length > 0);
            place.Delete(recursive: true);
            await log.WriteAsync("line two"u8.ToArray(), Cancel);
            await Eventually.True(() => complaints.Lines.Count > 0);
            place.Create();
            await log.WriteAsync("line last"u8.ToArray(), Cancel);
            await Eventually.True(() => File.Exists(path));
        }

        Assert.Equal("line last\n", await File.ReadAllTextAsync(path, Cancel));
    }

    [Fact]
    public async Task Call_ThatIsRefusedEarly_IsWritten()
    {
        var events = (await RunAsync(async (_, url) =>
        {
            using var stranger = new HttpClient(rig.Handler(null)) { BaseAddress = url, DefaultRequestVersion = HttpVersion.Version20 };
            stranger.DefaultRequestHeaders.Authorization = new("Bearer", "wrong");
            using var content = new ByteArrayContent(new byte[5]);
            content.Headers.ContentType = new("application/grpc");
            using var request = new HttpRequestMessage(HttpMethod.Post, "/cluster.v1.Resources/List") { Version = HttpVersion.Version20, Content = content };
            using var response = await stranger.SendAsync(request, Cancel);
        })).Events;

        var call = Assert.Single(events, one => (string?)one["requestURI"] == "/cluster.v1.Resources/List");
        Assert.Equal("{}", call["user"]!.ToJsonString());
    }

    [Fact]
    public async Task File_ThatHasGrown_IsPutAsideAndTheOldestGo()
    {
        using var folder = new TempDirectory();
        var time = new FakeTimeProvider();
        var path = folder.File("audit.log");
        await using (var log = new AuditLog(new AuditLogOptions(path) { MaxBytes = 25, MaxBackups = 2 }, time, NullLogger.Instance))
        {
            for (var i = 0; i < 10; i++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await log.WriteAsync(Encoding.UTF8.GetBytes($"line {i:D4}"), Cancel);
                await Eventually.True(() => Directory.EnumerateFiles(folder.Path).Sum(file => new FileInfo(file).Length) > 0);
            }
        }

        var files = Directory.EnumerateFiles(folder.Path).ToList();
        Assert.Equal(3, files.Count);
        Assert.All(files, file => Assert.True(new FileInfo(file).Length <= 25));
        Assert.EndsWith("line 0009\n", await File.ReadAllTextAsync(path, Cancel), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("kind: Policy\nrules: []", "there is no rule")]
    [InlineData("kind: Policy\nrules: [{level: Everything}]", "rules[0].level: \"Everything\" is none: None, Metadata, Request or RequestResponse is meant")]
    [InlineData("kind: Policy\nrules: [{users: [a]}]", "rules[0].level: \"\" is none: None, Metadata, Request or RequestResponse is meant")]
    [InlineData("kind: Policy\nrules: [{level: Metadata}, {level: None, userGroup: [a]}]", "rules[1].userGroup: there is no such field: level, users, userGroups, verbs, resources, namespaces, nonResourceURLs, omitStages, omitManagedFields are known")]
    [InlineData("kind: Policy\nrules: [{level: None, resources: [{resource: [pods]}]}]", "rules[0].resources[0].resource: there is no such field: group, resources, resourceNames are known")]
    [InlineData("kind: Policy\nrules: [{level: None, resources: [pods]}]", "rules[0].resources[0]: an object is meant")]
    [InlineData("kind: Policy\nrules: [{level: None, users: jane}]", "rules[0].users: a list is meant")]
    [InlineData("kind: Policy\nrules: [{level: None, users: [1]}]", "rules[0].users: a list of strings is meant")]
    [InlineData("kind: Policy\nrules: [{level: None}]\nomitStages: [RequestRecieved]", "omitStages: \"RequestRecieved\" is not known: RequestReceived, ResponseStarted, ResponseComplete, Panic are")]
    [InlineData("kind: Policy\nrules: [{level: None, resources: [{group: ''}], nonResourceURLs: [/a]}]", "rules[0].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs")]
    [InlineData("kind: Policy\nrules: [{level: None, nonResourceURLs: [/a*b]}]", "rules[0].nonResourceURLs: \"/a*b\": non-resource URL wildcards '*' must be the final character of the rule")]
    [InlineData("kind: Policy\nrules: [{level: None, resources: [{resourceNames: [a]}]}]", "rules[0].resources[0].resourceNames: using resourceNames requires at least one resource")]
    [InlineData("kind: Policy\nrules: [{level: None}]\nomitManagedFields: 1", "omitManagedFields: true or false is meant")]
    [InlineData("kind: Policy\nrules: [{level: None}]\nlevel: None", "level: there is no such field: apiVersion, kind, metadata, rules, omitStages, omitManagedFields are known")]
    [InlineData("kind: Policy\napiVersion: audit.k8s.io/v2\nrules: [{level: None}]", "apiVersion: audit.k8s.io/v1 is meant")]
    [InlineData("kind: Pod", "not an audit policy: kind Policy of audit.k8s.io/v1 is meant")]
    public void Policy_ThatIsNone_SaysWhy(string yaml, string why)
    {
        var failure = Assert.Throws<InvalidDataException>(() => AuditPolicy.Parse(yaml, "policy.yaml"));

        Assert.Equal($"policy.yaml: {why}", failure.Message);
    }

    private async Task<IReadOnlyList<JsonNode>> RunAsync(Func<HttpClient, Task> act) => (await RunAsync((client, _) => act(client))).Events;

    /// <summary>A server of its own on the rig's store, and what its log holds after it has stopped.</summary>
    private async Task<(IReadOnlyList<JsonNode> Events, string Text)> RunAsync(Func<HttpClient, Uri, Task> act, long maxPendingBytes = 64L << 20, string policy = Policy)
    {
        using var folder = new TempDirectory();
        var file = folder.File("policy.yaml");
        await File.WriteAllTextAsync(file, policy, Cancel);
        var path = folder.File("audit.log");
        await using (var server = await rig.StartAsync(FreePort.Tcp(), new AuditLogOptions(path) { PolicyFile = file, MaxPendingBytes = maxPendingBytes }))
        {
            using var client = new HttpClient(rig.Handler("admin")) { BaseAddress = server.Url, DefaultRequestVersion = HttpVersion.Version20 };
            await act(client, server.Url);
        }

        var text = await File.ReadAllTextAsync(path, Cancel);
        return ([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)], text);
    }

    private static async Task<string> SendAsync(HttpClient client, string method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version20 };
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, type);
        using var response = await client.SendAsync(request, Cancel);
        return await response.Content.ReadAsStringAsync(Cancel);
    }
}
