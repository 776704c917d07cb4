using System.Net.Sockets;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>The beginning of a connection whose service asks for replay: passes the client's first bytes on and keeps them until a backend answers.</summary>
/// <remarks>One receive of the client's goes on from backend to backend. Not pooled: made for the connections of such services alone.</remarks>
internal sealed class ReplayPhase : IDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private readonly Socket _client;
    private readonly StreamCopier _toBackend;
    private readonly byte[] _bytes;
    private readonly int _headerLength;
    private Task<bool>? _receiving;
    private int _length;
    private int _sent;
    private int _noted;
    private bool _clientEnded;
    private bool _endTold;

    /// <param name="client">The accepted socket.</param>
    /// <param name="toBackend">Told of what comes, for each backend anew; it goes on afterwards.</param>
    /// <param name="header">What every backend gets before the client's bytes.</param>
    public ReplayPhase(Socket client, StreamCopier toBackend, ReadOnlySpan<byte> header)
    {
        _client = client;
        _toBackend = toBackend;
        _bytes = new byte[FirstBytes.Kept + header.Length];
        header.CopyTo(_bytes);
        _length = _headerLength = header.Length;
    }

    /// <summary>The client has sent something.</summary>
    public bool ClientSpoke => _length > _headerLength;

    /// <summary>The backend was told that the client has ended.</summary>
    public bool EndIsTold => _endTold;

    /// <summary>What was kept and not sent yet. Only after <see cref="LeaveAsync"/>.</summary>
    public ReadOnlyMemory<byte> Unsent => _bytes.AsMemory(_sent.._length);

    /// <summary>Speaks to a backend until it has answered a byte, or ended, or there is more than can be kept.</summary>
    public async Task<ReplayOutcome> RunAsync(Socket backend)
    {
        _sent = 0;
        _noted = _headerLength;
        _endTold = false;
        var answer = AwaitAnswerAsync(backend);
        while (true)
        {
            Note();
            if (!await SendAsync(backend)) return await answer is ReplayOutcome.Answered ? ReplayOutcome.Answered : ReplayOutcome.BackendFailed;
            if (_length == _bytes.Length) return ReplayOutcome.Overfull;
            if (_clientEnded) return await answer;
            _receiving ??= ReceiveAsync();
            if (await Task.WhenAny(answer, _receiving) == answer) return await answer;
            var heard = await _receiving;
            _receiving = null;
            if (!heard) return ReplayOutcome.ClientFailed;
        }
    }

    /// <summary>Ends the receive that is under way, which would take bytes from whoever goes on; false where the client was reset.</summary>
    public async Task<bool> LeaveAsync()
    {
        await _leaving.CancelAsync();
        var heard = _receiving is null || await _receiving;
        Note();
        return heard;
    }

    public void Dispose() => _leaving.Dispose();

    // By the one that runs, and not as it is received: the backend may change while a receive goes on.
    private void Note()
    {
        var length = _length;
        _toBackend.Note(length - _noted);
        _noted = length;
    }

    // True where the client has sent something, its end included, or the receive was ended; false where the client was reset.
    private async Task<bool> ReceiveAsync()
    {
        try
        {
            var received = await _client.ReceiveAsync(_bytes.AsMemory(_length), _leaving.Token);
            _length += received;
            _clientEnded = received == 0;
        }
        catch (OperationCanceledException)
        {
            // Nothing was taken.
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }

        return true;
    }

    private async Task<bool> SendAsync(Socket backend)
    {
        try
        {
            while (_sent < _length) _sent += await backend.SendAsync(_bytes.AsMemory(_sent.._length));
            if (!_clientEnded) return true;
            backend.Shutdown(SocketShutdown.Send);
            _endTold = true;
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static async Task<ReplayOutcome> AwaitAnswerAsync(Socket backend)
    {
        try
        {
            // Waits without taking anything.
            await backend.ReceiveAsync(Memory<byte>.Empty);
            return backend.Available > 0 ? ReplayOutcome.Answered : ReplayOutcome.BackendEnded;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return ReplayOutcome.BackendFailed;
        }
    }
}
