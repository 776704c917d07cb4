using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>One TCP connection: queries one after the other, answered as soon as they can be, in whichever order (RFC 7766).</summary>
internal sealed class DnsTcpConnection : IDisposable
{
    private const int MaxQueryBytes = 4096;

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
            // The buffer holds two bytes of length before the message.
            var buffer = new byte[2 + DnsResponder.MaxTcpBytes];
            while (await TryReadAsync(buffer) is var length and > 0)
            {
                long began = Stopwatch.GetTimestamp();
                int size = _answerer.TryAnswer(buffer.AsSpan(2), length, tcp: true, _client, null, out UpstreamQuestion? needed);
                if (size == 0) return;
                if (size > 0) await WriteAsync(buffer, size, began);
                else await AskAsync(buffer.AsSpan(2, length).ToArray(), needed!, began);
            }
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

    // The length of the next query; 0 at the client's end.
    private async Task<int> TryReadAsync(byte[] buffer)
    {
        using var silence = new CancellationTokenSource(_idle(), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, _ends.Token);
        if (await _stream.ReadAtLeastAsync(buffer.AsMemory(0, 2), 2, throwOnEndOfStream: false, either.Token) < 2) return 0;
        int length = DnsHeader.UInt16At(buffer, 0);
        if (length > MaxQueryBytes) return 0;
        await _stream.ReadExactlyAsync(buffer.AsMemory(2, length), either.Token);
        return length;
    }

    private async Task WriteAsync(byte[] buffer, int size, long began)
    {
        DnsHeader.SetUInt16(buffer, 0, size);
        using var patience = new CancellationTokenSource(_options.ConnectionIdle, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _ends.Token);
        await _writing.WaitAsync(either.Token);
        try
        {
            await _stream.WriteAsync(buffer.AsMemory(0, 2 + size), either.Token);
        }
        finally
        {
            _writing.Release();
        }

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
            var answer = new byte[DnsResponder.MaxTcpBytes];
            int size = await _answerer.AskAsync(query, answer, tcp: true, _client, needed);
            var framed = new byte[2 + size];
            answer.AsSpan(0, size).CopyTo(framed.AsSpan(2));
            await WriteAsync(framed, size, began);
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
}
