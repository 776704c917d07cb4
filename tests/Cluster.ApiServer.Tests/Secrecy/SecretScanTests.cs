using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Protobuf;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Storage.Etcd;
using Cluster.Storage.Transforming;
using Cluster.Testing;
using Google.Protobuf;
using Grpc.Core;

namespace Cluster.ApiServer.Tests.Secrecy;

/// <summary>
/// After secrets were written in every way, tokens shown and mistakes made with both: the store as it lies on the disk, the log at its most
/// verbose, the audit log with bodies, events and metrics hold none of the values.
/// </summary>
public sealed class SecretScanTests : IDisposable
{
    private const string Secrets = "/api/v1/namespaces/default/secrets";

    private readonly TempDirectory _folder = new();
    private readonly RecordedLog _logs = new();
    private readonly List<Canary> _canaries = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EmbeddedStore_LogsAndEvents_HoldNoSecret()
    {
        await RunAsync(async () => await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = _folder.File("store") }));
        Scan(_folder.File("store"));
    }

    [Fact]
    public async Task Etcd_LogsAndEvents_HoldNoSecret()
    {
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        await using var etcd = await EtcdProcess.StartNewAsync();
        await RunAsync(async () => await EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [etcd.Endpoint] }, Cancel));
        await etcd.KillAsync();
        Scan(etcd.DataDirectory);
    }

    private async Task RunAsync(Func<Task<IStore>> open)
    {
        var policy = _folder.File("policy.yaml");
        await File.WriteAllTextAsync(policy, "{kind: Policy, rules: [{level: RequestResponse}]}", Cancel);
        var rig = new ApiServerRig
        {
            Logs = _logs,
            Audit = new AuditLogOptions(_folder.File("audit.log")) { PolicyFile = policy },
            OpenStore = async _ => new TransformingStore(await open(), [new AesGcmTransformer(AesGcmTransformer.Secrets, await EncryptionKeyRing.OpenAsync(_folder.File("keys"), Cancel))]),
        };
        await using (rig)
        {
            await rig.InitializeAsync();
            await WriteAsync(rig);
            await MistakeAsync(rig);
            await ShowTokensAsync(rig);
            foreach (var path in (string[])["/api/v1/events", "/metrics", "/apis/events.k8s.io/v1/events"])
                AssertNone(path, await rig.Admin.GetByteArrayAsync(path, Cancel));
        }

        AssertNone("the log", Encoding.UTF8.GetBytes(string.Join('\n', _logs.Lines)));
        Scan(_folder.Path, "audit.log");
        // What is looked for would be found, where it may be.
        Assert.Contains("(redacted)", await File.ReadAllTextAsync(_folder.File("audit.log"), Cancel), StringComparison.Ordinal);
        Assert.Contains(_logs.Lines, line => line.StartsWith("Debug", StringComparison.Ordinal));
    }

    private async Task WriteAsync(ApiServerRig rig)
    {
        var admin = rig.Admin;
        await WrittenAsync(admin, "POST", Secrets, $$$"""{"metadata":{"name":"json","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{{{New("last-applied")}}}"}},"data":{"a":"{{{Base64(New("data"))}}}"},"stringData":{"b":"{{{New("stringData")}}}"}}""");
        await WrittenAsync(admin, "POST", Secrets, $"apiVersion: v1\nkind: Secret\nmetadata: {{name: yaml}}\nstringData: {{a: {New("YAML")}}}\n", "application/yaml");
        await WrittenAsync(admin, "PUT", Secrets + "/json", $$$"""{"metadata":{"name":"json"},"data":{"a":"{{{Base64(New("an update"))}}}"}}""");
        await WrittenAsync(admin, "PATCH", Secrets + "/json", $$$"""{"stringData":{"c":"{{{New("a merge patch")}}}"}}""", "application/merge-patch+json");
        await WrittenAsync(admin, "PATCH", Secrets + "/json", $$$"""{"data":{"d":"{{{Base64(New("a strategic patch"))}}}"}}""", "application/strategic-merge-patch+json");
        await WrittenAsync(admin, "PATCH", Secrets + "/json", $$$"""[{"op":"add","path":"/data/e","value":"{{{Base64(New("a JSON patch"))}}}"}]""", "application/json-patch+json");
        await WrittenAsync(admin, "PATCH", Secrets + "/applied?fieldManager=f", $$$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"applied"},"stringData":{"a":"{{{New("an apply")}}}"}}""", "application/apply-patch+yaml");
        await WrittenAsync(admin, "POST", Secrets + "?dryRun=All", $$$"""{"metadata":{"name":"dry"},"stringData":{"a":"{{{New("a dry run")}}}"}}""");
        var envelope = Envelope.Encode(new Secret { Metadata = new() { Name = "protobuf" }, Data = { ["a"] = ByteString.CopyFromUtf8(New("protobuf")) } });
        using (var content = new ByteArrayContent(envelope))
        {
            content.Headers.ContentType = new("application/vnd.kubernetes.protobuf");
            using var response = await admin.PostAsync(Secrets, content, Cancel);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        }

        var grpc = new Resources.ResourcesClient(rig.AdminChannel);
        var where = new ResourceRef { Version = "v1", Resource = "secrets", Namespace = "default", Name = "grpc" };
        await grpc.CreateAsync(new WriteRequest { Ref = where, Object = ByteString.CopyFrom(Envelope.Encode(new Secret { Metadata = new() { Name = "grpc" }, Data = { ["a"] = ByteString.CopyFromUtf8(New("a gRPC create")) } })) }, cancellationToken: Cancel);
        await grpc.PatchAsync(new PatchRequest { Ref = where, PatchType = "application/merge-patch+json", Patch = ByteString.CopyFromUtf8($$$"""{"stringData":{"b":"{{{New("a gRPC patch")}}}"}}""") }, cancellationToken: Cancel);
        foreach (var name in (string[])["json", "yaml", "applied", "protobuf", "grpc"])
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(admin, "GET", $"{Secrets}/{name}")).Code);
        await SendAsync(admin, "GET", Secrets);
        await SendAsync(admin, "GET", Secrets + "/json");
        using var watch = await admin.GetAsync(Secrets + "?watch=true&timeoutSeconds=1", Cancel);
        Assert.Contains(Base64(_canaries.Single(canary => canary.What == "data").Value)[..4], await watch.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    // Bodies that are refused: what is told of them is not written down.
    private async Task MistakeAsync(ApiServerRig rig)
    {
        var admin = rig.Admin;
        await RefusedAsync(admin, "POST", Secrets, $$$"""{"metadata":{"name":"bad"},"data":{"a":"{{{New("no base64")}}} !"}}""");
        await RefusedAsync(admin, "POST", Secrets, $$$"""{"metadata":{"name":"bad"},"data":"{{{New("data that is no map")}}}"}""");
        await RefusedAsync(admin, "POST", Secrets, $$$"""{"metadata":{"name":"bad"},"stringData":{"a":"{{{New("cut-off JSON")}}}" """);
        await RefusedAsync(admin, "POST", Secrets + "?fieldValidation=Strict", $$$"""{"metadata":{"name":"bad"},"secretData":{"a":"{{{New("an unknown field")}}}"}}""");
        await RefusedAsync(admin, "POST", Secrets, $$$"""{"metadata":{"name":"bad"},"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"{{{New("no docker configuration")}}}"}}""");
        await RefusedAsync(admin, "POST", Secrets, $"a: [{New("no YAML")}", "application/yaml");
        await RefusedAsync(admin, "PATCH", Secrets + "/json", $$$"""{"data":["{{{New("a patch that is no object")}}}"]}""", "application/strategic-merge-patch+json");
        await RefusedAsync(admin, "PATCH", Secrets + "/json", $$$"""{"data":["{{{New("a merge patch that is no object")}}}"]}""", "application/merge-patch+json");
        await RefusedAsync(admin, "PATCH", Secrets + "/json", $$$"""[{"op":"test","path":"/data/a","value":"{{{New("a test that fails")}}}"}]""", "application/json-patch+json");
        await RefusedAsync(admin, "PATCH", Secrets + "/applied?fieldManager=f", $$$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"applied"},"data":["{{{New("an apply that is no object")}}}"]}""", "application/apply-patch+yaml");
        await RefusedAsync(rig.Anonymous, "POST", Secrets, $$$"""{"metadata":{"name":"bad"},"stringData":{"a":"{{{New("of somebody who may not")}}}"}}""");
    }

    private static async Task WrittenAsync(HttpClient client, string method, string path, string body, string type = "application/json")
    {
        var (code, answer) = await SendAsync(client, method, path, body, type);
        Assert.True(code is HttpStatusCode.OK or HttpStatusCode.Created, $"{method} {path}: {answer}");
    }

    private async Task ShowTokensAsync(ApiServerRig rig)
    {
        var (code, body) = await SendAsync(rig.Admin, "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", """{"spec":{}}""");
        Assert.Equal(HttpStatusCode.Created, code);
        var token = (string)JsonNode.Parse(body)!["status"]!["token"]!;
        _canaries.Add(new Canary("a service account token", token));
        _canaries.Add(new Canary("its signature", token[(token.LastIndexOf('.') + 1)..]));
        var bootstrap = (Id: "abcdef", Secret: "q7x9k2m4p8w1z5t3");
        _canaries.Add(new Canary("a bootstrap token", bootstrap.Secret));
        await WrittenAsync(rig.Admin, "POST", "/api/v1/namespaces/kube-system/secrets", $$$"""{"metadata":{"name":"bootstrap-token-{{{bootstrap.Id}}}"},"type":"bootstrap.kubernetes.io/token","stringData":{"token-id":"{{{bootstrap.Id}}}","token-secret":"{{{bootstrap.Secret}}}","usage-bootstrap-authentication":"true"}}""");
        _canaries.Add(new Canary("a static token", ApiServerRig.NobodysToken));
        foreach (var shown in (string[])[token, $"{bootstrap.Id}.{bootstrap.Secret}", ApiServerRig.NobodysToken, New("a wrong token"), token[..^4] + "AAAA"])
        {
            using var client = rig.Client(null, shown);
            await SendAsync(client, "GET", Secrets);
            await SendAsync(client, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}");
            await SendAsync(rig.Admin, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{shown}}}"}}""");
            await SendAsync(rig.Anonymous, "GET", $"{Secrets}?access_token={shown}");
            using var socket = new HttpRequestMessage(HttpMethod.Get, Secrets + "?watch=true");
            socket.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", $"base64url.bearer.authorization.k8s.io.{Base64(shown).TrimEnd('=')}");
            using var refused = await rig.Anonymous.SendAsync(socket, Cancel);
            var headers = new Metadata { { "authorization", $"Bearer {shown}" } };
            try
            {
                await new Resources.ResourcesClient(rig.AdminChannel).GetAsync(new GetRequest { Ref = new() { Version = "v1", Resource = "secrets", Namespace = "default", Name = "json" } }, headers, cancellationToken: Cancel);
            }
            catch (RpcException)
            {
                // Most of them are good for nothing.
            }
        }

        foreach (var key in Directory.EnumerateFiles(rig.Pki.Directory, "*.key"))
        {
            // The middle line of the PEM block.
            var lines = await File.ReadAllLinesAsync(key, Cancel);
            _canaries.Add(new Canary(Path.GetFileName(key), lines[lines.Length / 2]));
        }

        _canaries.Add(new Canary("the key of the store", (await File.ReadAllTextAsync(_folder.File("keys"), Cancel)).Split(':')[1].Trim()));
    }

    private string New(string what)
    {
        var canary = new Canary(what, $"canary{_canaries.Count:D3}-{Guid.NewGuid():N}");
        _canaries.Add(canary);
        return canary.Value;
    }

    private void Scan(string folder, string pattern = "*")
    {
        var files = Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).ToList();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[open.Length];
            open.ReadExactly(bytes);
            AssertNone(Path.GetFileName(file), bytes);
        }
    }

    private void AssertNone(string place, byte[] bytes)
    {
        var found = _canaries.Select(canary => canary.FindIn(place, bytes)).OfType<string>().ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    private static string Base64(string value) => Convert.ToBase64String(Encoding.UTF8.GetBytes(value));

    private static async Task RefusedAsync(HttpClient client, string method, string path, string body, string type = "application/json")
    {
        var (code, answer) = await SendAsync(client, method, path, body, type);
        Assert.True((int)code is >= 400 and < 500, $"{method} {path} {body}: {code} {answer}");
    }

    private static async Task<(HttpStatusCode Code, string Body)> SendAsync(HttpClient client, string method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version20 };
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, type);
        using var response = await client.SendAsync(request, Cancel);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }
}
