using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Cluster.Api.ResourceV1;
using Cluster.Fuzz.Tests.Generating;
using CsCheck;
using Google.Protobuf;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>The server's port: whatever is sent is answered, never by a 500, and the server goes on as before.</summary>
public sealed partial class ServerFuzzTests(FuzzedServer server) : IClassFixture<FuzzedServer>
{
    private const int MostRead = 1 << 20;

    [Fact]
    public async Task Rest()
    {
        var inputs = Gen.Select(RequestTexts.Method, RequestTexts.Path, RequestTexts.Query, RequestTexts.ContentType, RequestTexts.Accept, RequestTexts.Body, (method, path, query, type, accept, body) =>
            Framed.Join($"{method} {path}{query}\n{type}\n{accept}", body));
        await RunAsync("rest", inputs, async input =>
        {
            var (head, body) = Framed.Split(input, 3);
            if (head[0].Split(' ') is not [var method, var path])
                return;
            using var request = new HttpRequestMessage(new HttpMethod(method), server.At(path)) { Version = HttpVersion.Version20 };
            request.Headers.TryAddWithoutValidation("Accept", head[2]);
            if (method is not ("GET" or "HEAD" or "TRACE"))
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", head[1]);
            }

            using var response = await SendAsync(request);
            if (response is null || (response.IsSuccessStatusCode && path.Contains("watch", StringComparison.Ordinal)))
                return;
            var text = Encoding.UTF8.GetString(await ReadAsync(response));
            // Of a version that is not there yet Kubernetes says so too.
            Assert.True((int)response.StatusCode < 500 || response.StatusCode == HttpStatusCode.NotImplemented || text.Contains("ResourceVersionTooLarge", StringComparison.Ordinal), $"{(int)response.StatusCode} {text}");
            if (!response.IsSuccessStatusCode && method != "HEAD" && response.Content.Headers.ContentType?.MediaType == "application/json")
                Assert.Equal("Status", JsonDocument.Parse(text).RootElement.GetProperty("kind").GetString());
        });
    }

    [Fact]
    public async Task Http()
    {
        var header = Gen.Select(Gen.OneOf("Host", "Content-Type", "Accept", "Authorization", "Impersonate-User", "Impersonate-Extra-a%62", "Audit-ID", "Connection", "Upgrade", "Transfer-Encoding", "Content-Length", "Expect", "Cookie", "Sec-WebSocket-Key", "X-" + new string('h', 300), "traceparent"),
            Gen.Frequency((3, Gen.OneOf("127.0.0.1", "application/json", "Bearer x", "close", "keep-alive", "chunked", "0", "5", "18446744073709551616", "-1", "websocket", "h2c", "100-continue", "gzip", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")), (1, Texts.Any)), (name, value) => $"{name}: {value}\r\n");
        var request = Gen.Select(RequestTexts.Method, RequestTexts.Path, RequestTexts.Query, Gen.OneOf("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", ""), header.Array[0, 6], Objects.Json, Gen.Int[0, 6], (method, path, query, version, headers, body, form) =>
            $"{method} {path}{query} {version}\r\nHost: a\r\n{string.Concat(headers)}{Body(body, form)}");
        var inputs = Damage.Of(request.Array[1, 3].Select(string.Concat));
        await RunAsync("http", inputs, async input =>
        {
            var answer = Encoding.Latin1.GetString(await server.SendAsync(input, SslApplicationProtocol.Http11));
            foreach (var code in StatusLine().Matches(answer).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)))
                Assert.True(code is < 500 or 501 or 505, answer);
        });
    }

    [Fact]
    public async Task Http2()
    {
        var block = Gen.Frequency(
            (4, Gen.Select(RequestTexts.Method, RequestTexts.Path, (method, path) => Literal((":method", method), (":path", path), (":scheme", "https"), (":authority", "a")))),
            (1, Gen.Select(Texts.Any, Texts.Any, (name, value) => Literal((":method", "GET"), (":path", "/api"), (":scheme", "https"), (name, value)))),
            (1, Gen.Byte.Array[0, 200]));
        var frame = Gen.Select(Gen.Frequency((4, Gen.OneOf<byte>(0, 1, 9)), (2, Gen.OneOf<byte>(2, 3, 4, 5, 6, 7, 8)), (1, Gen.Byte)), Gen.Frequency((3, Gen.OneOf<byte>(0, 1, 4, 5)), (1, Gen.Byte)), Gen.OneOf(0, 1, 1, 3, 3, 5, 2, int.MaxValue), block, Gen.Int[-3, 40], (type, flags, stream, payload, lie) =>
            Frame(type, flags, stream, payload, lie > 30 ? lie : 0));
        var inputs = Gen.Select(Damage.Of(frame.Array[1, 12].Select(frames => frames.SelectMany(one => one).ToArray())), Gen.Int[1, 400], Gen.Int[0, 8], (frames, times, kind) =>
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray().Concat(Frame(4, 0, 0, [], 0)).Concat(frames).Concat(kind == 0 ? Flood(times) : []).ToArray());
        await RunAsync("http2", inputs, async input => Check(await server.SendAsync(input, SslApplicationProtocol.Http2)));

        // A status of 500 is the fourteenth entry of HPACK's table.
        static void Check(byte[] answer)
        {
            for (var at = 0; at + 9 <= answer.Length; at += 9 + (answer[at] << 16 | answer[at + 1] << 8 | answer[at + 2]))
                Assert.False(answer[at + 3] == 1 && at + 9 < answer.Length && answer[at + 9] == 0x8e, "500");
        }
    }

    [Fact]
    public async Task Grpc()
    {
        var place = Gen.Select(RequestTexts.Resource, Texts.Any, Texts.Any, Gen.OneOf("", "", "status", "scale", "exec", "nonsense"), (type, space, name, part) =>
            new ResourceRef { Group = type.Group, Version = type.Version, Resource = type.Plural, Namespace = type.Namespaced ? "default" : space, Name = name, Subresource = part });
        var message = Gen.Select(place, RequestTexts.Body, Texts.Any, Texts.Any, RequestTexts.ContentType, Gen.OneOf(Resources.Descriptor.Methods.ToArray()), (where, body, a, b, type, method) =>
            Framed.Join(method.Name, Message(method.Name, where, ByteString.CopyFrom(body), a, b, type).ToByteArray()));
        await RunAsync("grpc", Damage.Of(message), async input =>
        {
            var (head, body) = Framed.Split(input, 1);
            if (Resources.Descriptor.FindMethodByName(head[0]) is null)
                return;
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/cluster.v1.Resources/{head[0]}") { Version = HttpVersion.Version20 };
            request.Content = new ByteArrayContent([0, (byte)(body.Length >> 24), (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body]);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            request.Headers.TryAddWithoutValidation("grpc-timeout", head[0] == "Watch" ? "20m" : "50S");
            using var response = await SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response?.StatusCode ?? HttpStatusCode.OK);
            if (response is null)
                return;
            await ReadAsync(response);
            foreach (var headers in new HttpHeaders[] { response.Headers, response.TrailingHeaders })
                Assert.False(headers.TryGetValues("grpc-status", out var codes) && codes.Contains("13"), "INTERNAL, which is gRPC's 500");
        });
    }

    private static IMessage Message(string method, ResourceRef where, ByteString body, string a, string b, string type) => method switch
    {
        "Get" => new GetRequest { Ref = where, ResourceVersion = a },
        "List" => new ListRequest { Ref = where, LabelSelector = a, FieldSelector = b, Limit = a.Length, Continue = type, ResourceVersion = b },
        "Watch" => new WatchRequest { Ref = where, LabelSelector = a, FieldSelector = b, ResourceVersion = b, AllowBookmarks = true },
        "Patch" => new PatchRequest { Ref = where, PatchType = type, Patch = body, FieldManager = a, Force = true },
        "Delete" => new DeleteRequest { Ref = where, Options = body },
        "Bind" => new BindRequest { Namespace = "default", Pod = a, Node = b, Uid = a },
        _ => new WriteRequest { Ref = where, Object = body, FieldManager = a },
    };

    private async Task RunAsync(string name, Gen<byte[]> inputs, Func<byte[], Task> check)
    {
        await Fuzzer.RunAsync(new Edge(name, inputs, async input =>
        {
            await check(input);
            await server.CheckAsync();
        }) { MostAllocated = 0 });
        FuzzedServer.CheckMemory();
    }

    // Null: the stream was reset, as it is for a path that can't be one. The server's own failures are in its log.
    private async Task<HttpResponseMessage?> SendAsync(HttpRequestMessage request)
    {
        try
        {
            return await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (HttpRequestException reset) when (reset.HttpRequestError == HttpRequestError.HttpProtocolError)
        {
            return null;
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[MostRead];
        try
        {
            return buffer[..await stream.ReadAtLeastAsync(buffer, MostRead, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            // Cut off in the middle, as a call that is out of time is.
            return [];
        }
    }

    private static string Body(string text, int form) => form switch
    {
        0 => "\r\n",
        1 => $"Content-Length: {Encoding.UTF8.GetByteCount(text)}\r\n\r\n{text}",
        2 => $"Transfer-Encoding: chunked\r\n\r\n{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n0\r\n\r\n",
        3 => $"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{text}",
        4 => $"Transfer-Encoding: chunked\r\nTrailer: X-After\r\n\r\n1;name=\"a;b\"\r\n{{\r\n0000000001\r\n}}\r\n0;last\r\nX-After: {text.ReplaceLineEndings("")}\r\n\r\n",
        5 => $"Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n{Encoding.UTF8.GetByteCount(text):X}  \r\n{text}\r\n0\r\n",
        _ => $"Content-Length: {2 * text.Length}\r\n\r\n{text}",
    };

    // Literal fields without indexing, names and values as they are.
    private static byte[] Literal(params (string Name, string Value)[] fields) => [.. fields.SelectMany(field => (byte[])[0, .. Prefixed(field.Name), .. Prefixed(field.Value)])];

    private static byte[] Prefixed(string text)
    {
        var bytes = Damage.Bytes(text);
        return bytes.Length < 127 ? [(byte)bytes.Length, .. bytes] : [127, (byte)((bytes.Length - 127) % 128 | 128), (byte)((bytes.Length - 127) / 128), .. bytes];
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload, int lie)
    {
        var length = payload.Length + lie;
        return [(byte)(length >> 16), (byte)(length >> 8), (byte)length, type, flags, (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, .. payload];
    }

    // Requests that are taken back at once, again and again.
    private static IEnumerable<byte> Flood(int times) => Enumerable.Range(0, times).SelectMany(i => (IEnumerable<byte>)
        [.. Frame(1, 5, (2 * i) + 1, Literal((":method", "GET"), (":path", "/api/v1/secrets"), (":scheme", "https"), (":authority", "a")), 0), .. Frame(3, 0, (2 * i) + 1, [0, 0, 0, 8], 0)]);

    [GeneratedRegex(@"^HTTP/1\.[01] (\d+)", RegexOptions.Multiline)]
    private static partial Regex StatusLine();
}
