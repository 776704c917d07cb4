using System.Net.Sockets;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>The beginning of a connection whose service asks for replay: passes the client's first bytes on and keeps them until a backend answers.</summary>
/// <remarks>One receive of the client's goes on from backend to backend. Not pooled: made for the connections of such services alone.</remarks>
internal sealed class ReplayPhase : IDisposable
{
    /// <summary>A request with its headers, as most servers bound them too.</summary>
    public const int ClientBytes = 16 * 1024;

    private readonly CancellationTokenSource _answered = new();
    private readonly Socket _client;
    private readonly byte[] _bytes;
    private Task<ReplayOutcome>? _receiving;
    private int _length;
    private int _sent;
    private bool _clientEnded;
    private bool _endTold;

    /// <param name="client">The accepted socket.</param>
    /// <param name="header">What every backend gets before the client's bytes.</param>
    public ReplayPhase(Socket client, ReadOnlySpan<byte> header)
    {
        _client = client;
        _bytes = new byte[ClientBytes + header.Length];
        header.CopyTo(_bytes);
        _length = header.Length;
    }

    /// <summary>The backend was told that the client has ended.</summary>
    public bool EndIsTold => _endTold;

    /// <summary>What was kept and not sent yet, once the phase has ended well.</summary>
    public ReadOnlyMemory<byte> Unsent => _bytes.AsMemory(_sent.._length);

    /// <summary>Speaks to a backend until it has answered a byte, or ended, or there is more than can be kept.</summary>
    public async Task<ReplayOutcome> RunAsync(Socket backend)
    {
        _sent = 0;
        _endTold = false;
        var answer = AwaitAnswerAsync(backend);
        while (true)
        {
            if (!await SendAsync(backend)) return await answer is ReplayOutcome.Answered ? await LeaveAsync() : ReplayOutcome.BackendFailed;
            if (_length == _bytes.Length) return ReplayOutcome.Overfull;
            if (_clientEnded) return await answer;
            _receiving ??= ReceiveAsync();
            if (await Task.WhenAny(answer, _receiving) == answer) return await answer is ReplayOutcome.Answered ? await LeaveAsync() : await answer;
            var received = await _receiving;
            _receiving = null;
            if (received == ReplayOutcome.ClientFailed) return received;
        }
    }

    public void Dispose() => _answered.Dispose();

    // A receive that is under way must not take bytes from whoever goes on.
    private async Task<ReplayOutcome> LeaveAsync()
    {
        await _answered.CancelAsync();
        return _receiving is null || await _receiving != ReplayOutcome.ClientFailed ? ReplayOutcome.Answered : ReplayOutcome.ClientFailed;
    }

    // Answered means here that the client has sent something, its end included, or that the receive was ended.
    private async Task<ReplayOutcome> ReceiveAsync()
    {
        try
        {
            var received = await _client.ReceiveAsync(_bytes.AsMemory(_length), _answered.Token);
            _length += received;
            _clientEnded = received == 0;
        }
        catch (OperationCanceledException)
        {
            // Nothing was taken.
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return ReplayOutcome.ClientFailed;
        }

        return ReplayOutcome.Answered;
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
