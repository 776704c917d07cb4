using System.Buffers.Binary;
using System.Security.Cryptography;
using Cluster.Kubelet.Streaming;
using Cluster.Kubelet.Streaming.Spdy;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Streaming.Spdy;

public sealed class SpdySessionTests : IAsyncDisposable
{
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
    private readonly Stream wire;
    private readonly SpdyClient client;
    private readonly SpdySession session;

    public SpdySessionTests()
    {
        var (ours, theirs) = DuplexPipe.Create();
        wire = ours;
        client = new SpdyClient(ours);
        session = new SpdySession(theirs, new StreamingOptions { MaxStreams = 4, Linger = TimeSpan.FromMilliseconds(200) }, limit.Token);
    }

    private CancellationToken Cancel => limit.Token;

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await session.DisposeAsync();
        limit.Dispose();
    }

    [Fact]
    public async Task Open_ByBytesOfTheDraft_IsAnsweredByBytesOfTheDraft()
    {
        // SYN_STREAM 1, priority 0, with the block that HeaderCompressionTests has from zlib.
        var block = Convert.FromHexString("78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff");
        var head = Convert.FromHexString($"80030001000000{10 + block.Length:x2}00000001000000000000");
        await wire.WriteAsync(head, Cancel);
        await wire.WriteAsync(block, Cancel);

        var stream = await session.Accepted.ReadAsync(Cancel);
        var reply = new byte[12];
        await wire.ReadExactlyAsync(reply, Cancel);

        Assert.Equal((1, "error", "8080"), (stream.Id, stream.Header("streamType"), stream.Header("port")));
        Assert.Equal("80030002000000", Convert.ToHexString(reply.AsSpan(0, 7)));
        Assert.Equal("00000001", Convert.ToHexString(reply.AsSpan(8, 4)));
    }

    [Fact]
    public async Task Streams_CarryBytesBothWays_AndEndApart()
    {
        var id = await client.OpenAsync(Cancel, ("streamType", "data"));
        var stream = await session.Accepted.ReadAsync(Cancel);
        await client.DataAsync(id, "hello"u8.ToArray(), Cancel, ends: true);

        using var reader = new StreamReader(stream.Input);
        Assert.Equal("hello", await reader.ReadToEndAsync(Cancel));

        await stream.WriteAsync("later"u8.ToArray(), Cancel);
        await stream.CompleteAsync(Cancel);
        var read = await client.ReadToEndAsync(Cancel, id);
        Assert.Equal("later", SpdyClient.Text(read[id]));
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync("x"u8.ToArray(), Cancel));
    }

    [Fact]
    public async Task Megabytes_ToASlowReader_WaitAndArriveWhole()
    {
        var sent = RandomNumberGenerator.GetBytes(3_000_000);
        var id = await client.OpenAsync(Cancel);
        var stream = await session.Accepted.ReadAsync(Cancel);
        var sending = client.DataAsync(id, sent, Cancel, ends: true);
        _ = DrainAsync();

        // The stream's buffer and the connection's hold a few hundred KiB; nobody reads, so the rest waits with the client.
        Assert.NotSame(sending, await Task.WhenAny(sending, Task.Delay(300, Cancel)));
        using var received = new MemoryStream();
        await stream.Input.CopyToAsync(received, Cancel);

        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()));
    }

    [Fact]
    public async Task Taken_IsToldToTheClient()
    {
        var id = await client.OpenAsync(Cancel);
        await session.Accepted.ReadAsync(Cancel);
        await client.DataAsync(id, new byte[40_000], Cancel);

        var (_, whole) = await client.ReadAsync(SpdyFrameType.WindowUpdate, Cancel);
        var (_, one) = await client.ReadAsync(SpdyFrameType.WindowUpdate, Cancel);

        Assert.Equal((0, id), (BinaryPrimitives.ReadInt32BigEndian(whole), BinaryPrimitives.ReadInt32BigEndian(one)));
        Assert.InRange(BinaryPrimitives.ReadInt32BigEndian(one.AsSpan(4)), 32 * 1024, 40_000);
    }

    [Fact]
    public async Task Windows_OfAClientThatHasThem_AreKept()
    {
        // SETTINGS: one entry, id 7, the initial window.
        await client.SendAsync(SpdyFrameHead.Control(SpdyFrameType.Settings, 12), SpdyClient.Numbers(1, 7, 1000), Cancel);
        var id = await client.OpenAsync(Cancel);
        var stream = await session.Accepted.ReadAsync(Cancel);

        var writing = stream.WriteAsync(new byte[1500], Cancel).AsTask();
        var (first, _) = await client.ReadDataAsync(Cancel);
        Assert.Equal(1000, first.Length);
        Assert.False(writing.IsCompleted);

        await client.PairAsync(SpdyFrameType.WindowUpdate, id, 300, Cancel);
        Assert.Equal(300, (await client.ReadDataAsync(Cancel)).Head.Length);
        await client.PairAsync(SpdyFrameType.WindowUpdate, id, 1000, Cancel);
        Assert.Equal(200, (await client.ReadDataAsync(Cancel)).Head.Length);
        await writing;
    }

    [Fact]
    public async Task Windows_OfTheWholeSession_AreKept()
    {
        var id = await client.OpenAsync(Cancel);
        var stream = await session.Accepted.ReadAsync(Cancel);
        await client.PairAsync(SpdyFrameType.WindowUpdate, id, 1_000_000, Cancel);
        await client.PingAsync(1, Cancel);
        await client.ReadAsync(SpdyFrameType.Ping, Cancel);

        var writing = stream.WriteAsync(new byte[100_000], Cancel).AsTask();
        var seen = 0;
        while (seen < 64 * 1024) seen += (await client.ReadDataAsync(Cancel)).Head.Length;
        Assert.Equal((64 * 1024, false), (seen, writing.IsCompleted));

        await client.PairAsync(SpdyFrameType.WindowUpdate, 0, 100_000, Cancel);
        while (seen < 100_000) seen += (await client.ReadDataAsync(Cancel)).Head.Length;
        await writing;
    }

    [Fact]
    public async Task Output_ToAClientWithoutFlowControl_IsNotHeldUp()
    {
        var id = await client.OpenAsync(Cancel);
        var stream = await session.Accepted.ReadAsync(Cancel);
        var reading = client.ReadToEndAsync(Cancel, id);

        await stream.WriteAsync(new byte[1_000_000], Cancel);
        await stream.CompleteAsync(Cancel);

        Assert.Equal(1_000_000, (await reading)[id].Length);
    }

    [Fact]
    public async Task Reset_EndsBothDirections()
    {
        var id = await client.OpenAsync(Cancel);
        var stream = await session.Accepted.ReadAsync(Cancel);
        await client.PairAsync(SpdyFrameType.RstStream, id, (int)SpdyStatus.Cancel, Cancel);

        Assert.Equal(0, await stream.Input.ReadAsync(new byte[1], Cancel));
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync("x"u8.ToArray(), Cancel));
        Assert.False(session.Gone.IsCancellationRequested);
    }

    [Fact]
    public async Task Ping_IsAnswered()
    {
        await client.PingAsync(7, Cancel);

        Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian((await client.ReadAsync(SpdyFrameType.Ping, Cancel)).Body));
    }

    [Fact]
    public async Task Open_OfTooMany_IsRefused_UntilOthersEnd()
    {
        for (var i = 0; i < 4; i++) await client.OpenAsync(Cancel);
        var refused = await client.OpenAsync(Cancel);
        var (_, body) = await client.ReadAsync(SpdyFrameType.RstStream, Cancel);
        Assert.Equal((refused, (int)SpdyStatus.RefusedStream), (BinaryPrimitives.ReadInt32BigEndian(body), BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(4))));

        var first = await session.Accepted.ReadAsync(Cancel);
        await client.PairAsync(SpdyFrameType.RstStream, first.Id, (int)SpdyStatus.Cancel, Cancel);
        var taken = await client.OpenAsync(Cancel);
        Assert.Equal(taken, BinaryPrimitives.ReadInt32BigEndian((await client.ReadAsync(SpdyFrameType.SynReply, Cancel)).Body));
    }

    [Fact]
    public async Task Data_OfNoStream_IsAnInvalidStream()
    {
        await client.DataAsync(9, "x"u8.ToArray(), Cancel);

        var (_, body) = await client.ReadAsync(SpdyFrameType.RstStream, Cancel);
        Assert.Equal((9, (int)SpdyStatus.InvalidStream), (BinaryPrimitives.ReadInt32BigEndian(body), BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(4))));
    }

    [Theory]
    [InlineData("8002000100000000")]
    [InlineData("8003000100FFFFFF")]
    [InlineData("800300030000000100")]
    [InlineData("80030001000000100000000200000000000078daFFFFFFFF")]
    public async Task Frames_ThatAreNone_EndTheSession(string hex)
    {
        await wire.WriteAsync(Convert.FromHexString(hex), Cancel);

        await Eventually.True(() => session.Gone.IsCancellationRequested);
        Assert.False(await session.Accepted.WaitToReadAsync(Cancel));
    }

    [Fact]
    public async Task Pings_OfAClientThatNeverReads_EndTheSession()
    {
        try
        {
            for (var i = 0; i < 50_000 && !session.Gone.IsCancellationRequested; i++) await client.PingAsync((2 * i) + 1, session.Gone);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or InvalidOperationException)
        {
        }

        Assert.True(session.Gone.IsCancellationRequested);
        Assert.False(limit.IsCancellationRequested);
    }

    [Fact]
    public async Task Close_WithAClientThatStays_SaysSoAndDropsWhatItSends()
    {
        var id = await client.OpenAsync(Cancel);
        await session.Accepted.ReadAsync(Cancel);
        var closing = session.CloseAsync();
        await client.DataAsync(id, new byte[1_000_000], Cancel);
        await closing;

        var (_, body) = await client.ReadAsync(SpdyFrameType.GoAway, Cancel);
        Assert.Equal(id, BinaryPrimitives.ReadInt32BigEndian(body));
    }

    [Fact]
    public async Task Client_ThatGoes_EndsStreams()
    {
        await client.OpenAsync(Cancel);
        var stream = await session.Accepted.ReadAsync(Cancel);
        await wire.DisposeAsync();

        Assert.Equal(0, await stream.Input.ReadAsync(new byte[1], Cancel));
        await Eventually.True(() => session.Gone.IsCancellationRequested);
        await Assert.ThrowsAsync<IOException>(async () => await stream.WriteAsync("x"u8.ToArray(), Cancel));
    }

    /// <summary>Reads and drops what the server sends, as a client has to.</summary>
    private async Task DrainAsync()
    {
        try
        {
            while (await client.ReadAsync(Cancel) is not null)
            {
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException)
        {
        }
    }
}
