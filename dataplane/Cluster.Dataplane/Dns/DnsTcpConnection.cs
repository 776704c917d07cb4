using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>One TCP connection: queries one after the other, answered as soon as they can be, in whichever order (RFC 7766).</summary>
internal sealed class DnsTcpConnection : IDisposable
{
    private const int MaxQueryBytes = 4096;

    /// <summary>Before each message stands its length.</summary>
    private const int LengthBytes = 2;

    private readonly CancellationTokenSource _ends;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _waiting;
    private readonly DnsAnswerer _answerer;
    private readonly DnsServerOptions _options;
    private readonly Func<TimeSpan> _idle;
    private readonly TimeProvider _time;
    private readonly NetworkStream _stream;
    private readonly ClientAddress _client;

    public DnsTcpConnection(Socket socket, DnsAnswerer answerer, DnsServerOptions options, Func<TimeSpan> idle, TimeProvider time, CancellationToken stopping)
    {
        socket.NoDelay = true;
        // It has this from its listener; a stream takes no other.
        socket.Blocking = true;
        _client = ClientAddress.From(((IPEndPoint)socket.RemoteEndPoint!).Address);
        _stream = new NetworkStream(socket, ownsSocket: true);
        _answerer = answerer;
        _options = options;
        _idle = idle;
        _time = time;
        _waiting = new SemaphoreSlim(options.MaxPipelined);
        _ends = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    }

    /// <summary>Serves until the client ends, or says nothing for too long.</summary>
    public async Task RunAsync()
    {
        try
        {
            // The two bytes of the length, or the message behind them: what rests between queries is no larger than a query.
            var buffer = new byte[MaxQueryBytes];
            while (await TryReadAsync(buffer) is var length and > 0)
            {
                long began = Stopwatch.GetTimestamp();
                byte[]? answer = _answerer.TryAnswer(buffer.AsSpan(0, length), tcp: true, _client, null, LengthBytes, out UpstreamQuestion? needed);
                if (answer is { Length: LengthBytes }) return;
                if (answer is null) await AskAsync(buffer.AsSpan(0, length).ToArray(), needed!, began);
                else await WriteInTurnAsync(answer, began);
            }
        }
        catch
        {
            // Nobody reads: what waits still is not worth the wait.
            await _ends.CancelAsync();
            throw;
        }
        finally
        {
            // Those that wait for other servers still: their answers would be welcome to a client that closed its side alone.
            for (int i = 0; i < _options.MaxPipelined; i++) await _waiting.WaitAsync();
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _writing.Dispose();
        _waiting.Dispose();
        _ends.Dispose();
    }

    // The length of the next query; 0 at the client's end, or when it was silent for too long.
    private async Task<int> TryReadAsync(byte[] buffer)
    {
        using var silence = new CancellationTokenSource(_idle(), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, _ends.Token);
        try
        {
            if (await _stream.ReadAtLeastAsync(buffer.AsMemory(0, LengthBytes), LengthBytes, throwOnEndOfStream: false, either.Token) < LengthBytes) return 0;
            int length = DnsHeader.UInt16At(buffer, 0);
            if (length > MaxQueryBytes) return 0;
            await _stream.ReadExactlyAsync(buffer.AsMemory(0, length), either.Token);
            return length;
        }
        catch (OperationCanceledException) when (!_ends.IsCancellationRequested)
        {
            // It has nothing more to ask, and waits for its answers.
            return 0;
        }
    }

    private async Task WriteInTurnAsync(byte[] framed, long began)
    {
        await _writing.WaitAsync(_ends.Token);
        try
        {
            await WriteAsync(framed, began);
        }
        finally
        {
            _writing.Release();
        }
    }

    // The caller has the turn.
    private async Task WriteAsync(byte[] framed, long began)
    {
        DnsHeader.SetUInt16(framed, 0, framed.Length - LengthBytes);
        using var patience = new CancellationTokenSource(_options.ConnectionIdle, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _ends.Token);
        await _stream.WriteAsync(framed, either.Token);
        _answerer.Took(began);
    }

    // Others of the connection are answered meanwhile; a client that pipelines more than may wait has to.
    private async Task AskAsync(byte[] query, UpstreamQuestion needed, long began)
    {
        await _waiting.WaitAsync(_ends.Token);
        _ = AnswerLaterAsync(query, needed, began);
    }

    private async Task AnswerLaterAsync(byte[] query, UpstreamQuestion needed, long began)
    {
        try
        {
            var known = new List<UpstreamAnswer>();
            for (UpstreamQuestion? next = needed; next is not null;)
            {
                known.Add(await _answerer.AskAsync(next));
                next = await AnswerInTurnAsync(query, known, began);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or does not read. The reading side ends too.
            await _ends.CancelAsync();
        }
        finally
        {
            _waiting.Release();
        }
    }

    // The answer is made when it is its turn: of a client that does not read, one is held and not as many as may wait. The next question where there is one.
    private async Task<UpstreamQuestion?> AnswerInTurnAsync(byte[] query, List<UpstreamAnswer> known, long began)
    {
        await _writing.WaitAsync(_ends.Token);
        try
        {
            if (_answerer.TryAnswer(query, tcp: true, _client, known, LengthBytes, out UpstreamQuestion? next) is { } answer) await WriteAsync(answer, began);
            return next;
        }
        finally
        {
            _writing.Release();
        }
    }
}
