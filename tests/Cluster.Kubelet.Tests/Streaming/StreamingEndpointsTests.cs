using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.Containers;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Kubelet.Tests.Streaming.Spdy;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Streaming;

/// <summary>The kubelet's streaming paths over TLS, in both framings, with a process in memory behind them.</summary>
public sealed class StreamingEndpointsTests : IAsyncDisposable
{
    private const string ApiServer = "CN=kube-apiserver-kubelet-client, O=system:masters";
    private const string Failure7 =
        """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 7","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}""";

    private readonly FakeRuntime runtime = new();
    private readonly TestCertificates certificates = new();
    private readonly KubeletRig rig;
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(40));

    public StreamingEndpointsTests()
    {
        rig = new KubeletRig(runtime);
        rig.Options = rig.Options with { Certificates = certificates.Files, Port = 0, ListenAddress = "127.0.0.1" };
    }

    private CancellationToken Cancel => limit.Token;

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        certificates.Dispose();
        limit.Dispose();
    }

    [Fact]
    public async Task Exec_OverWebSocketV5_PassesInputOutputSizesAndExitCode()
    {
        await RunPodAsync();
        runtime.Session = EchoAsync;
        using var socket = await ConnectAsync("/exec/default/web/main?command=cat&command=-u&input=1&output=1&error=1", "v5.channel.k8s.io");
        await SendAsync(socket, [4, .. "{\"Width\":91,\"Height\":33}"u8]);
        await SendAsync(socket, [0, .. "hello"u8]);
        await SendAsync(socket, [255, 0]);

        var channels = await ReadAllAsync(socket);

        Assert.Equal(("hello", "done", Failure7), (Text(channels[1]), Text(channels[2]), Text(channels[3])));
        var session = Assert.Single(runtime.Sessions);
        Assert.Equal(["cat", "-u"], session.Spec.Command);
        Assert.Equal([(91, 33)], session.Sizes);
    }

    [Fact]
    public async Task Exec_OverBase64_IsText()
    {
        await RunPodAsync();
        runtime.Session = async (session, _) =>
        {
            await session.OutputAsync("hi"u8.ToArray());
            return 0;
        };
        using var socket = await ConnectAsync("/exec/default/web/main?command=x&output=1", "v4.base64.channel.k8s.io");

        var messages = await ReadMessagesAsync(socket);

        Assert.All(messages, message => Assert.Equal(WebSocketMessageType.Text, message.Type));
        Assert.Equal(["1aGk=", "3" + Convert.ToBase64String("""{"metadata":{},"status":"Success"}"""u8)], messages.Select(message => Text(message.Bytes)));
    }

    [Fact]
    public async Task Exec_OverSpdy_PassesMegabytesAndExitCode()
    {
        await RunPodAsync();
        runtime.Session = EchoAsync;
        await using var client = await UpgradeAsync("/exec/default/web/main?command=cat&input=1&output=1&error=1", "v4.channel.k8s.io");
        var error = await client.OpenAsync(Cancel, ("streamtype", "error"));
        var stdin = await client.OpenAsync(Cancel, ("streamtype", "stdin"));
        var stdout = await client.OpenAsync(Cancel, ("streamtype", "stdout"));
        var stderr = await client.OpenAsync(Cancel, ("streamtype", "stderr"));
        var sent = RandomNumberGenerator.GetBytes(2_000_000);

        var reading = client.ReadToEndAsync(Cancel, error, stdout, stderr);
        await client.DataAsync(stdin, sent, Cancel, ends: true);
        var read = await reading;

        Assert.True(sent.AsSpan().SequenceEqual(read[stdout]));
        Assert.Equal(("done", Failure7), (Text(read[stderr]), Text(read[error])));
    }

    [Fact]
    public async Task Exec_OverSpdyWithATerminal_HasSizesAndNoStderr()
    {
        await RunPodAsync();
        runtime.Session = async (session, cancellationToken) =>
        {
            while (session.Sizes.Count < 2) await Task.Delay(5, cancellationToken);
            return 0;
        };
        await using var client = await UpgradeAsync("/exec/default/web/main?command=sh&input=1&output=1&error=1&tty=1", "v4.channel.k8s.io");
        var error = await client.OpenAsync(Cancel, ("streamtype", "error"));
        await client.OpenAsync(Cancel, ("streamtype", "stdin"));
        await client.OpenAsync(Cancel, ("streamtype", "stdout"));
        var resize = await client.OpenAsync(Cancel, ("streamtype", "resize"));
        await client.DataAsync(resize, "{\"Width\":80,\"Hei"u8.ToArray(), Cancel);
        await client.DataAsync(resize, "ght\":24}\n{\"Width\":100,\"Height\":50}\n"u8.ToArray(), Cancel);

        while (true)
        {
            var (head, body) = await client.ReadDataAsync(Cancel);
            if (head.StreamId != error || body.Length == 0) continue;
            Assert.Equal("""{"metadata":{},"status":"Success"}""", Text(body));
            break;
        }

        Assert.Equal([(80, 24), (100, 50)], runtime.Sessions.First().Sizes);
        Assert.True(runtime.Sessions.First().Spec is { Tty: true, Stderr: false });
    }

    [Fact]
    public async Task Exec_OfACommandTheEngineRefuses_IsAStatus()
    {
        await RunPodAsync();
        using var socket = await ConnectAsync("/exec/default/web/main?command=refused&output=1", "v4.channel.k8s.io");

        var status = Text((await ReadAllAsync(socket))[3]);

        Assert.Contains("\"message\":\"Internal error occurred: error executing command in container: no such command\"", status, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"InternalError\"", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_ThatVanishes_LetsTheProcessGo()
    {
        await RunPodAsync();
        runtime.Session = async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        };
        var socket = await ConnectAsync("/attach/default/web/main?input=1&output=1", "v5.channel.k8s.io");
        await Eventually.True(() => runtime.Sessions.Count == 1);

        socket.Abort();

        await Eventually.True(() => runtime.Sessions.First().IsLetGo);
    }

    [Theory]
    [InlineData("/exec/default/none/main?command=x&output=1", 404, "pod does not exist")]
    [InlineData("/exec/default/web/another-uid/main?command=x&output=1", 404, "pod does not exist")]
    [InlineData("/exec/default/web/none?command=x&output=1", 500, "container not found (\"none\")")]
    [InlineData("/attach/default/web/none?output=1", 500, "container none not found in pod web_default")]
    [InlineData("/exec/default/web/main?command=x", 400, "you must specify at least 1 of stdin, stdout, stderr")]
    [InlineData("/exec/default/web/main?command=x&output=1", 400, "Upgrade request required")]
    [InlineData("/portForward/default/none", 404, "pod does not exist")]
    [InlineData("/portForward/default/web", 400, "Upgrade request required")]
    public async Task Requests_ThatCannotBe_SayWhy(string path, int code, string text)
    {
        await RunPodAsync();
        using var http = Client(ApiServer);

        using var answer = await http.PostAsync(path, null, Cancel);

        Assert.Equal((code, text), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel)));
    }

    [Theory]
    [InlineData("CN=admin, O=system:masters", HttpStatusCode.Forbidden)]
    [InlineData("CN=kube-apiserver-kubelet-client, O=others", HttpStatusCode.Forbidden)]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    public async Task Requests_OfAnyoneButTheApiServer_AreRefused(string? subject, HttpStatusCode code)
    {
        await RunPodAsync();
        using var http = Client(subject);

        using var answer = await http.PostAsync("/exec/default/web/main?command=x&output=1", null, Cancel);

        Assert.Equal(code, answer.StatusCode);
    }

    [Fact]
    public async Task Spdy_OfAnUnknownVersion_IsToldTheKnown()
    {
        await RunPodAsync();
        var (stream, head) = await HandshakeAsync("/exec/default/web/main?command=x&output=1", "v9.channel.k8s.io");
        await stream.DisposeAsync();

        Assert.StartsWith("HTTP/1.1 403", head, StringComparison.Ordinal);
        Assert.Contains("X-Accepted-Stream-Protocol-Versions", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PortForward_OverSpdy_CarriesConnectionsAndTellsRefusals()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "entering a network namespace needs root");
        (runtime.SandboxProcess, runtime.SandboxAddress) = (Environment.ProcessId, "");
        await RunPodAsync();
        using var echo = new TcpListener(IPAddress.Loopback, 0);
        echo.Start();
        var serving = ServeEchoAsync(echo);
        await using var client = await UpgradeAsync("/portForward/default/web", "portforward.k8s.io");
        var port = ((IPEndPoint)echo.LocalEndpoint).Port;
        var (error, data) = await OpenPairAsync(client, port, "0");
        var (refusal, _) = await OpenPairAsync(client, FreePort.Tcp(), "1");
        var sent = RandomNumberGenerator.GetBytes(1_500_000);

        using var held = new MemoryStream();
        var sending = client.DataAsync(data, sent, Cancel, ends: true);
        string refused = "";
        var open = new HashSet<int> { error, data, refusal };
        while (open.Count > 0)
        {
            var (head, body) = await client.ReadDataAsync(Cancel);
            if (head.StreamId == data) held.Write(body);
            if (head.StreamId == refusal) refused += Text(body);
            if (head.Ends) open.Remove(head.StreamId);
        }

        await sending;
        await serving;
        Assert.True(sent.AsSpan().SequenceEqual(held.ToArray()));
        Assert.Matches(@"^error forwarding port \d+ to pod web, uid \S+: dial tcp 127\.0\.0\.1:\d+: connect: connection refused$", refused);
    }

    [Fact]
    public async Task PortForward_OverWebSocketChannels_NamesThePortFirst()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "entering a network namespace needs root");
        (runtime.SandboxProcess, runtime.SandboxAddress) = (Environment.ProcessId, "");
        await RunPodAsync();
        using var echo = new TcpListener(IPAddress.Loopback, 0);
        echo.Start();
        var serving = ServeEchoAsync(echo);
        var port = ((IPEndPoint)echo.LocalEndpoint).Port;
        using var socket = await ConnectAsync($"/portForward/default/web?port={port}", "v5.channel.k8s.io");
        await SendAsync(socket, [0, .. "ping"u8]);
        await SendAsync(socket, [255, 0]);

        var channels = await ReadAllAsync(socket);

        await serving;
        byte[] number = [(byte)port, (byte)(port >> 8)];
        Assert.Equal([.. number, .. "ping"u8], channels[0]);
        Assert.Equal(number, channels[1]);
    }

    private static async Task<int> EchoAsync(FakeSession session, CancellationToken cancellationToken)
    {
        await foreach (var piece in session.Input.ReadAllAsync(cancellationToken)) await session.OutputAsync(piece);
        await session.OutputAsync("done"u8.ToArray(), isError: true);
        return 7;
    }

    private async Task ServeEchoAsync(TcpListener listener)
    {
        using var connection = await listener.AcceptTcpClientAsync(Cancel);
        await using var stream = connection.GetStream();
        await stream.CopyToAsync(stream, Cancel);
    }

    private async Task<(int Error, int Data)> OpenPairAsync(SpdyClient client, int port, string request) => (
        await client.OpenAsync(Cancel, ("streamtype", "error"), ("port", $"{port}"), ("requestid", request)),
        await client.OpenAsync(Cancel, ("streamtype", "data"), ("port", $"{port}"), ("requestid", request)));

    private static bool IsKubelet(object? sender, X509Certificate? served, X509Chain? chain, SslPolicyErrors errors) =>
        served?.Subject.Contains("system:node:test", StringComparison.Ordinal) == true;

    private async Task RunPodAsync()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("web"));
        await rig.UntilAsync("web", status => status.Phase == "Running");
    }

    private HttpClient Client(string? subject)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = IsKubelet;
        if (subject is not null) handler.SslOptions.ClientCertificates = [certificates.Issue(subject)];
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{rig.Kubelet!.Port}") };
    }

    private async Task<ClientWebSocket> ConnectAsync(string path, string protocol)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        socket.Options.ClientCertificates.Add(certificates.Issue(ApiServer));
        socket.Options.RemoteCertificateValidationCallback = IsKubelet;
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{rig.Kubelet!.Port}{path}"), Cancel);
        Assert.Equal(protocol, socket.SubProtocol);
        return socket;
    }

    private async Task<SpdyClient> UpgradeAsync(string path, string version)
    {
        var (stream, head) = await HandshakeAsync(path, version);
        Assert.StartsWith("HTTP/1.1 101", head, StringComparison.Ordinal);
        Assert.Contains($"X-Stream-Protocol-Version: {version}\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Upgrade: SPDY/3.1\r\n", head, StringComparison.Ordinal);
        return new SpdyClient(stream);
    }

    private async Task<(Stream Stream, string Head)> HandshakeAsync(string path, string version)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, rig.Kubelet!.Port, Cancel);
        var stream = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false, IsKubelet);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", ClientCertificates = [certificates.Issue(ApiServer)] }, Cancel);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: {version}\r\nContent-Length: 0\r\n\r\n"),
            Cancel);
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, Cancel) > 0) head.Append((char)one[0]);
        return (stream, head.ToString());
    }

    private Task SendAsync(WebSocket socket, byte[] message) => socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, Cancel);

    /// <summary>What came on each channel until the server closed.</summary>
    private async Task<Dictionary<int, byte[]>> ReadAllAsync(WebSocket socket) =>
        (await ReadMessagesAsync(socket)).GroupBy(message => message.Bytes[0]).ToDictionary(
            channel => (int)channel.Key, channel => channel.SelectMany(message => message.Bytes[1..]).ToArray());

    private async Task<List<(WebSocketMessageType Type, byte[] Bytes)>> ReadMessagesAsync(WebSocket socket)
    {
        var messages = new List<(WebSocketMessageType, byte[])>();
        var buffer = new byte[100_000];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
            if (read.MessageType == WebSocketMessageType.Close) break;
            Assert.True(read.EndOfMessage);
            messages.Add((read.MessageType, buffer[..read.Count]));
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        return messages;
    }

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
