using System.Collections.Concurrent;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>Which pod has received which datagram: what a sender that nobody answers can't know.</summary>
internal sealed class ModelReceipts
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _expected = new();

    /// <summary>Completes with the uid of the pod that receives a datagram. Asked for before it is sent.</summary>
    public Task<string> Of(string datagram) => _expected.GetOrAdd(datagram, static _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Note(string datagram, string uid)
    {
        if (_expected.TryRemove(datagram, out var receipt)) receipt.TrySetResult(uid);
    }
}
