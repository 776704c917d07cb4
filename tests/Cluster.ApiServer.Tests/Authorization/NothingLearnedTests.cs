using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Tests.CustomResources;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.ApiServer.Tests.Kinds;
using Cluster.Testing;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Reflection.V1Alpha;

namespace Cluster.ApiServer.Tests.Authorization;

/// <summary>Who may not do a thing is told the same whether it is there or not: objects, their parts, namespaces and added kinds.</summary>
public sealed class NothingLearnedTests(NothingLearnedTests.Fixture fixture) : IClassFixture<NothingLearnedTests.Fixture>
{
    // Names of one length, so that answers are too.
    private const string There = "there";
    private const string Gone = "gone0";
    private const string Absent = "missing";

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    /// <summary>Of the moment and of the request, not of what it asks for.</summary>
    private static readonly HashSet<string> OwnHeaders = new(StringComparer.OrdinalIgnoreCase) { "Date", "Audit-Id" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiServerRig Rig => fixture.Rig;

    [Fact]
    public async Task Rest_OfAnObject_IsTheSameWhetherItIsThere()
    {
        using var nobody = Rig.Client(null, ApiServerRig.NobodysToken);
        foreach (var collection in Fixture.Collections)
        {
            foreach (var part in PartsOf(collection).Prepend(""))
            {
                foreach (var method in Methods)
                    await SameAsync(nobody, method, $"{collection}/{There}{part}", $"{collection}/{Gone}{part}");
            }

            foreach (var query in (string[])["?watch=true&fieldSelector=metadata.name%3D", "?fieldSelector=metadata.name%3D"])
                await SameAsync(nobody, "GET", $"{collection}{query}{There}", $"{collection}{query}{Gone}");
        }
    }

    [Fact]
    public async Task Rest_OfANamespaceOrAnAddedKind_IsTheSameWhetherItIsThere()
    {
        using var nobody = Rig.Client(null, ApiServerRig.NobodysToken);
        foreach (var method in Methods)
        {
            foreach (var plural in (string[])["pods", "secrets", "configmaps"])
            {
                await SameAsync(nobody, method, $"/api/v1/namespaces/default/{plural}", $"/api/v1/namespaces/{Absent}/{plural}");
                await SameAsync(nobody, method, $"/api/v1/namespaces/default/{plural}/a", $"/api/v1/namespaces/{Absent}/{plural}/a");
            }

            await SameAsync(nobody, method, "/apis/there.example.com/v1/widgets", "/apis/gone0.example.com/v1/widgets");
            await SameAsync(nobody, method, "/apis/there.example.com/v1/namespaces/default/widgets/there", "/apis/gone0.example.com/v1/namespaces/default/widgets/gone0");
            await SameAsync(nobody, method, "/apis/there.example.com/v1/namespaces/default/widgets/there/status", "/apis/gone0.example.com/v1/namespaces/default/widgets/gone0/status");
        }

        await SameAsync(nobody, "GET", "/apis/there.example.com/v1/namespaces/default/widgets", "/apis/there.example.com/v1/namespaces/default/gadgets");
    }

    [Fact]
    public async Task Rest_OfWhoHasARightToOneObject_TellsNothingOfTheOthers()
    {
        using var client = new ActingClient(Rig, "owner");
        var (code, _) = await client.SendAsync("GET", "/api/v1/namespaces/default/secrets/mine");
        Assert.Equal(HttpStatusCode.OK, code);
        var there = await client.SendAsync("GET", "/api/v1/namespaces/default/secrets/there");
        var gone = await client.SendAsync("GET", "/api/v1/namespaces/default/secrets/gone0");
        Assert.Equal(HttpStatusCode.Forbidden, there.Code);
        Assert.Equal((there.Code, there.Body.ToJsonString().Replace(There, Gone, StringComparison.Ordinal)), (gone.Code, gone.Body.ToJsonString()));
    }

    [Fact]
    public async Task Grpc_OfAnObject_IsTheSameWhetherItIsThere()
    {
        foreach (var collection in Fixture.Collections)
        {
            foreach (var method in Resources.Descriptor.Methods)
            {
                var there = await CallAsync(method.Name, Reference(collection, There));
                var gone = await CallAsync(method.Name, Reference(collection, Gone));
                Assert.Equal(StatusCode.PermissionDenied, there.StatusCode);
                Assert.Equal((there.StatusCode, there.Status.Detail.Replace(There, Gone, StringComparison.Ordinal)), (gone.StatusCode, gone.Status.Detail));
            }
        }
    }

    [Fact]
    public async Task Grpc_EveryServiceThatReflectionNames_IsDeniedToWhoMayNot()
    {
        var channel = Rig.AdminChannel;
        using var call = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo(cancellationToken: Cancel);
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancel);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(Cancel));
        var services = call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).Order(StringComparer.Ordinal).ToList();
        // A service that is added is to be walked by EveryPathTests, and named here.
        Assert.Equal(["cluster.v1.Resources", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"], services);
        foreach (var service in services.Where(name => name != "grpc.health.v1.Health"))
        {
            var (status, message) = await PostAsync(Rig.Anonymous, $"/{service}/Anything");
            Assert.Equal("7", status);
            Assert.StartsWith("forbidden: User \"system:anonymous\" cannot ", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Rest_WithCredentialsThatAreNone_IsUnauthorized()
    {
        string[] schemes =
        [
            "Bearer " + new string('a', 5_000), "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6ZGVmYXVsdDpkZWZhdWx0In0.",
            "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "Bearer abcdef.0123456789abcdef", "bearer x", "Bearer a b", "Bearer " + ApiServerRig.NobodysToken[..^1], "Bearer ..", "Bearer W10.W10.W10",
        ];
        foreach (var scheme in schemes)
        {
            foreach (var path in (string[])["/api/v1/secrets", "/healthz", "/metrics", "/nowhere", "/api/v1/namespaces/default/secrets/there", "/api/v1/namespaces/default/pods/there/exec"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
                request.Headers.TryAddWithoutValidation("Authorization", scheme);
                using var response = await Rig.Anonymous.SendAsync(request, Cancel);
                Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{scheme} {path}: {response.StatusCode}");
                Assert.Equal("Unauthorized", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["message"]);
            }
        }
    }

    [Fact]
    public async Task Rest_WithACertificateOfAnotherAuthority_IsUnauthorized()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var own = new CertificateRequest("O=system:masters, CN=kubernetes-admin", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var handler = Rig.Handler(null);
        handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null)];
        using var client = new HttpClient(handler) { BaseAddress = Rig.Url };
        foreach (var path in (string[])["/api/v1/secrets", "/healthz", "/metrics", "/apis"])
        {
            using var response = await client.GetAsync(path, Cancel);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("websocket")]
    [InlineData("SPDY/3.1")]
    public async Task Upgrade_OfWhoMayNot_IsRefusedBeforeAnythingIsOpened(string protocol)
    {
        foreach (var path in (string[])["pods/there/exec", "pods/gone0/attach", "pods/there/portforward", "pods/there/proxy/", "services/there/proxy/", "pods?watch=true"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/" + path) { Version = HttpVersion.Version11 };
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", protocol);
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
            using var response = await Rig.Anonymous.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{path}: {response.StatusCode}");
        }
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Forbidden)]
    [InlineData(ApiServerRig.NobodysToken, HttpStatusCode.Forbidden)]
    [InlineData("wrong", HttpStatusCode.Unauthorized)]
    public async Task Body_OfWhoMayNot_IsNotAskedFor(string? token, HttpStatusCode code)
    {
        var handler = Rig.Handler(null);
        // The server asks for a body with 100 Continue when it is read.
        handler.Expect100ContinueTimeout = TimeSpan.FromMinutes(1);
        using var client = new HttpClient(handler) { BaseAddress = Rig.Url };
        foreach (var collection in Fixture.Collections)
        {
            foreach (var (method, path) in ((string, string)[])[("POST", collection), ("PUT", $"{collection}/{There}"), ("PATCH", $"{collection}/{There}"), ("DELETE", $"{collection}/{There}"), ("DELETE", collection)])
            {
                using var body = new WithheldBody();
                using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version11, Content = body };
                request.Headers.ExpectContinue = true;
                if (token is not null)
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                using var response = await client.SendAsync(request, Cancel);
                Assert.True(response.StatusCode == code, $"{method} {path}: {response.StatusCode}");
                Assert.False(body.IsAskedFor, $"{method} {path}");
            }
        }
    }

    [Fact]
    public async Task Impersonation_OfWhoMayNot_IsForbiddenWhoeverIsMeant()
    {
        using var nobody = Rig.Client(null, ApiServerRig.NobodysToken);
        foreach (var (name, value) in ((string, string)[])[("Impersonate-User", "kubernetes-admin"), ("Impersonate-User", "system:serviceaccount:default:default"), ("Impersonate-Group", "system:masters"), ("Impersonate-Uid", "1")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/secrets") { Version = HttpVersion.Version20 };
            request.Headers.TryAddWithoutValidation(name, value);
            using var response = await nobody.SendAsync(request, Cancel);
            Assert.True((int)response.StatusCode is 403 or 400, $"{name}: {response.StatusCode}");
        }
    }

    private static async Task SameAsync(HttpClient client, string method, string there, string gone)
    {
        var (expected, actual) = (await AskAsync(client, method, there), await AskAsync(client, method, gone));
        Assert.True(expected.Code == HttpStatusCode.Forbidden, $"{method} {there}: {expected.Code}");
        foreach (var (one, other) in (ReadOnlySpan<(string, string)>)[(There, Gone), ("default", Absent), ("widgets", "gadgets")])
            expected.Text = gone.Contains(other, StringComparison.Ordinal) ? expected.Text.Replace(one, other, StringComparison.Ordinal) : expected.Text;
        Assert.Equal($"{method} {expected.Code}\n{expected.Text}\n{expected.Headers}", $"{method} {actual.Code}\n{actual.Text}\n{actual.Headers}");
    }

    private static async Task<(HttpStatusCode Code, string Text, string Headers)> AskAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version20 };
        if (method is "POST" or "PUT" or "PATCH")
            request.Content = new StringContent("{}", Encoding.UTF8, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        using var response = await client.SendAsync(request, Cancel);
        var headers = response.Headers.Concat(response.Content.Headers).Where(header => !OwnHeaders.Contains(header.Key)).Select(header => $"{header.Key}: {string.Join(',', header.Value)}");
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel), string.Join('\n', headers.Order(StringComparer.Ordinal)));
    }

    private async Task<RpcException> CallAsync(string method, ResourceRef where)
    {
        using var channel = GrpcChannel.ForAddress(Rig.Url, new GrpcChannelOptions { HttpHandler = Rig.Handler(null), DisposeHttpClient = true });
        var client = new Resources.ResourcesClient(channel);
        var headers = new Metadata { { "Authorization", $"Bearer {ApiServerRig.NobodysToken}" } };
        return await Assert.ThrowsAsync<RpcException>(async () =>
        {
            switch (method)
            {
                case "Get":
                    await client.GetAsync(new GetRequest { Ref = where }, headers, cancellationToken: Cancel);
                    break;
                case "List":
                    await client.List(new ListRequest { Ref = where }, headers, cancellationToken: Cancel).ResponseStream.MoveNext(Cancel);
                    break;
                case "Watch":
                    await client.Watch(new WatchRequest { Ref = where }, headers, cancellationToken: Cancel).ResponseStream.MoveNext(Cancel);
                    break;
                case "Create":
                    await client.CreateAsync(new WriteRequest { Ref = where }, headers, cancellationToken: Cancel);
                    break;
                case "Update":
                    await client.UpdateAsync(new WriteRequest { Ref = where }, headers, cancellationToken: Cancel);
                    break;
                case "UpdateStatus":
                    await client.UpdateStatusAsync(new WriteRequest { Ref = where }, headers, cancellationToken: Cancel);
                    break;
                case "Patch":
                    await client.PatchAsync(new PatchRequest { Ref = where, PatchType = "application/merge-patch+json", Patch = ByteString.CopyFromUtf8("{}") }, headers, cancellationToken: Cancel);
                    break;
                case "Delete":
                    await client.DeleteAsync(new DeleteRequest { Ref = where }, headers, cancellationToken: Cancel);
                    break;
                case "Bind":
                    await client.BindAsync(new BindRequest { Namespace = where.Namespace.Length > 0 ? where.Namespace : "default", Pod = where.Name, Node = "n" }, headers, cancellationToken: Cancel);
                    break;
                default:
                    Assert.Fail($"{method} is a new one: walk it here");
                    break;
            }
        });
    }

    private static async Task<(string? Status, string Message)> PostAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Version = HttpVersion.Version20, Content = new ByteArrayContent(new byte[5]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var response = await client.SendAsync(request, Cancel);
        await response.Content.ReadAsByteArrayAsync(Cancel);
        string? Of(string name) => response.Headers.TryGetValues(name, out var values) || response.TrailingHeaders.TryGetValues(name, out values) ? values.First() : null;
        return (Of("grpc-status"), Uri.UnescapeDataString(Of("grpc-message") ?? ""));
    }

    private static ResourceRef Reference(string collection, string name)
    {
        var type = TypeOf(collection);
        return new ResourceRef { Group = type.Group, Version = type.Version, Resource = type.Plural, Namespace = type.Namespaced ? "default" : "", Name = name };
    }

    private static IEnumerable<string> PartsOf(string collection) => TypeOf(collection).Subresources.Select(part => "/" + part.Name);

    private static ResourceType TypeOf(string collection)
    {
        var parts = collection.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return ResourceCatalog.Find(parts[0] == "api" ? "" : parts[1], parts[0] == "api" ? parts[1] : parts[2], parts[^1])!;
    }

    /// <summary>A body of a length that is told, and nothing more unless it is asked for.</summary>
    private sealed class WithheldBody : HttpContent
    {
        public WithheldBody() => Headers.ContentType = new MediaTypeHeaderValue("application/json");

        public bool IsAskedFor { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            IsAskedFor = true;
            return stream.WriteAsync(new byte[100_000]).AsTask();
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 100_000;
            return true;
        }
    }

    /// <summary>A server with an object of every kind.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private const string Core = "/api/v1/namespaces/default/";

        private static readonly (string Path, string Body)[] Others =
        [
            (Core + "configmaps", "{}"), (Core + "secrets", "{}"), (Core + "serviceaccounts", "{}"), (Core + "pods", """{"spec":{"containers":[{"name":"c","image":"i"}]}}"""),
            (Core + "services", """{"spec":{"ports":[{"port":80}]}}"""), (Core + "endpoints", "{}"), ("/api/v1/nodes", "{}"), ("/api/v1/namespaces", "{}"),
            ("/apis/coordination.k8s.io/v1/namespaces/default/leases", "{}"),
            ("/apis/apps/v1/namespaces/default/deployments", """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""),
        ];

        /// <summary>Of the objects named there.</summary>
        public static IEnumerable<string> Collections => KindCases.All.Select(kind => kind.Path).Concat(Others.Select(other => other.Path)).Distinct();

        public ApiServerRig Rig { get; } = new();

        public async ValueTask InitializeAsync()
        {
            await Rig.InitializeAsync();
            foreach (var (path, body) in Others.Concat(KindCases.All.Select(kind => (kind.Path, kind.Good))))
            {
                var obj = JsonNode.Parse(body)!.AsObject();
                obj["metadata"] = new JsonObject { ["name"] = There };
                await PostAsync(path, obj.ToJsonString());
            }

            await PostAsync(CustomRig.Definitions, CustomRig.Definition("there.example.com", """{"type":"object"}""", """{"subresources":{"status":{}}}""").ToJsonString());
            await Eventually.True(async () => (await Rig.Admin.GetAsync("/apis/there.example.com/v1/widgets", Cancel)).IsSuccessStatusCode);
            await PostAsync("/apis/there.example.com/v1/namespaces/default/widgets", CustomRig.Widget("there.example.com", There, "{}"));
            await PostAsync(Core + "secrets", """{"metadata":{"name":"mine"}}""");
            await PostAsync("/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", """{"metadata":{"name":"mine"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get"],"resourceNames":["mine"]}]}""");
            await PostAsync("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", """{"metadata":{"name":"mine"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"mine"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"owner"}]}""");
        }

        public ValueTask DisposeAsync() => Rig.DisposeAsync();

        private async Task PostAsync(string path, string body)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await Rig.Admin.PostAsync(path, content, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.Created, $"{path}: {await response.Content.ReadAsStringAsync(Cancel)}");
        }
    }
}
