using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Dns.Linux;

/// <summary>Queries of one socket that wait for other servers, and their answers, which leave by it when those have spoken.</summary>
/// <remarks>Added by the socket's loop; sent by the pool's threads, one at a time. Bounded in number.</remarks>
internal sealed class LateAnswers(int descriptor, bool v6, DnsAnswerer answerer) : IAsyncDisposable
{
    /// <summary>Queries that wait at most.</summary>
    private const int MaxPending = 4096;

    private readonly Lock _sending = new();
    private readonly SendBatch _batch = new(1);
    private readonly byte[] _answer = GC.AllocateUninitializedArray<byte>(DnsResponder.MaxUdpBytes, pinned: true);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One more than the queries that wait, until it is disposed: whoever takes it to zero is the last.
    private int _pending = 1;

    /// <summary>Takes a query; false where too many wait. Its client hears nothing then and asks again, which by then may be answered from the cache.</summary>
    /// <param name="query">The query.</param>
    /// <param name="sender">Where its answer goes.</param>
    /// <param name="needed">What has to be asked first.</param>
    /// <param name="began">When it came.</param>
    public bool TryAdd(ReadOnlySpan<byte> query, DatagramSender sender, UpstreamQuestion needed, long began)
    {
        if (Volatile.Read(ref _pending) > MaxPending) return false;
        Interlocked.Increment(ref _pending);
        byte[] kept = query.ToArray();
        // Asking opens sockets: the loop has others to answer meanwhile.
        _ = Task.Run(() => AnswerAsync(kept, sender, needed, began));
        return true;
    }

    /// <summary>Ends when nothing waits any more; nothing may be added by then.</summary>
    public async ValueTask DisposeAsync()
    {
        Release();
        await _ended.Task;
    }

    // Never throws: the forwarder doesn't, and what can't be sent is given up.
    private async Task AnswerAsync(byte[] query, DatagramSender sender, UpstreamQuestion needed, long began)
    {
        try
        {
            if (Send(await answerer.AskAsync(query, sender.Address, needed), sender)) answerer.Took(began);
            else answerer.Dropped();
        }
        finally
        {
            Release();
        }
    }

    private bool Send(ReadOnlySpan<byte> answer, in DatagramSender to)
    {
        lock (_sending)
        {
            answer.CopyTo(_answer);
            _batch.Clear();
            _batch.Add(_answer.AsSpan(0, answer.Length), v6, to.Address, to.Port, to.Scope, to.Local);
            int sent;
            while ((sent = _batch.Send(descriptor)) < 0 && SocketCalls.Error == Errno.EINTR)
            {
            }

            return sent > 0;
        }
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _pending) == 0) _ended.SetResult();
    }
}
