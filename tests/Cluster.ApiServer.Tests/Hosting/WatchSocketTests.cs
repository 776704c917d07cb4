using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>Watches over WebSockets, as pages in browsers open them, on the real server.</summary>
public sealed class WatchSocketTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_Json_IsAnEventAMessage()
    {
        using var socket = await OpenAsync("?watch=true&fieldSelector=metadata.name%3Dsocket");
        await PostAsync("socket");
        var (kind, message) = await ReceiveAsync(socket);
        var change = JsonNode.Parse(message)!;

        Assert.Equal((WebSocketMessageType.Text, "ADDED", "socket"), (kind, (string?)change["type"], (string?)change["object"]!["metadata"]!["name"]));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
    }

    [Fact]
    public async Task Watch_Protobuf_IsBinary()
    {
        using var socket = await OpenAsync("?watch=true&fieldSelector=metadata.name%3Dbinary", "application/vnd.kubernetes.protobuf;stream=watch");
        await PostAsync("binary");
        var (kind, message) = await ReceiveAsync(socket);
        var change = WatchEvent.Parser.ParseFrom(message);

        Assert.Equal((WebSocketMessageType.Binary, "ADDED"), (kind, change.Type));
        Assert.Equal("binary", Envelope.Decode<ConfigMap>(change.Object.Raw.Memory).Metadata.Name);
    }

    [Fact]
    public async Task Watch_ItsTimeout_IsAnOrderlyClose()
    {
        using var socket = await OpenAsync("?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone");
        var (kind, _) = await ReceiveAsync(socket);

        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.NormalClosure), (kind, socket.CloseStatus));
    }

    [Fact]
    public async Task Watch_WithoutPermission_IsRefusedBeforeTheUpgrade()
    {
        using var socket = new ClientWebSocket();
        using var handler = rig.Handler(null);
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address("?watch=true"), invoker, Cancel));
    }

    /// <summary>As pages do, which can set no header but the subprotocols.</summary>
    [Fact]
    public async Task Watch_TokenAmongTheSubprotocols_IsTheCallers()
    {
        using var body = new StringContent("""{"spec":{}}""", Encoding.UTF8, "application/json");
        using var made = await rig.Admin.PostAsync(new Uri("/api/v1/namespaces/default/serviceaccounts/default/token", UriKind.Relative), body, Cancel);
        var token = JsonNode.Parse(await made.Content.ReadAsStringAsync(Cancel))!["status"]!["token"]!.ToString();
        using var admins = new StringContent(
            """
            {"metadata":{"name":"socket-token"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
             "subjects":[{"kind":"ServiceAccount","namespace":"default","name":"default"}]}
            """, Encoding.UTF8, "application/json");
        using var bound = await rig.Admin.PostAsync(new Uri("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", UriKind.Relative), admins, Cancel);
        bound.EnsureSuccessStatusCode();
        var protocol = "base64url.bearer.authorization.k8s.io." + System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(token));

        using var client = rig.Client(null, token);
        await Eventually.True(async () => (await client.GetAsync(new Uri(Maps, UriKind.Relative), Cancel)).IsSuccessStatusCode);

        using var socket = await OpenWithAsync(null, protocol, "base64.binary.k8s.io");
        Assert.Equal("base64.binary.k8s.io", socket.SubProtocol);
        // The administrator has a certificate, so nobody takes the token out: it is not told back either.
        using var better = await OpenWithAsync("admin", protocol);
        Assert.Null(better.SubProtocol);
        // Nothing is left for the answer to name; two of them; one that is no text.
        await Assert.ThrowsAsync<WebSocketException>(() => OpenWithAsync(null, protocol));
        await Assert.ThrowsAsync<WebSocketException>(() => OpenWithAsync(null, protocol, protocol + "A", "base64.binary.k8s.io"));
        await Assert.ThrowsAsync<WebSocketException>(() => OpenWithAsync(null, "base64url.bearer.authorization.k8s.io.____", "base64.binary.k8s.io"));
    }

    private async Task<ClientWebSocket> OpenWithAsync(string? user, params string[] protocols)
    {
        var socket = new ClientWebSocket();
        foreach (var protocol in protocols)
            socket.Options.AddSubProtocol(protocol);
        await socket.ConnectAsync(Address("?watch=true"), new HttpMessageInvoker(rig.Handler(user)), Cancel);
        return socket;
    }

    private async Task<ClientWebSocket> OpenAsync(string query, string? accept = null)
    {
        var socket = new ClientWebSocket();
        if (accept is not null)
            socket.Options.SetRequestHeader("Accept", accept);
        await socket.ConnectAsync(Address(query), new HttpMessageInvoker(rig.Handler("admin")), Cancel);
        return socket;
    }

    private Uri Address(string query) => new($"wss://{rig.Url.Authority}{Maps}{query}");

    private async Task PostAsync(string name)
    {
        using var body = new StringContent("{\"metadata\":{\"name\":\"" + name + "\"}}", Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync(new Uri(Maps, UriKind.Relative), body, Cancel);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<(WebSocketMessageType Kind, byte[] Message)> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        var at = 0;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(at), Cancel);
            at += part.Count;
            if (part.EndOfMessage)
                return (part.MessageType, buffer[..at]);
        }
    }
}
