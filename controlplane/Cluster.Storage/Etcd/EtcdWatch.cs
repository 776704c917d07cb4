using System.Runtime.CompilerServices;
using Etcdserverpb;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Mvccpb;

namespace Cluster.Storage.Etcd;

/// <summary>One watch of etcd that outlives its connections: after a failure it resumes after the last revision that came whole.</summary>
internal sealed class EtcdWatch(EtcdConnection connection, EtcdStoreOptions options)
{
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(1);

    // A member that has lost its cluster must end the watch instead of keeping silent.
    private static readonly Metadata RequireLeader = new() { { "hasleader", "true" } };

    /// <summary>Whole revisions after <paramref name="after"/>, as they come, for ever.</summary>
    /// <exception cref="CompactedException">etcd no longer has the revision to resume from.</exception>
    public async IAsyncEnumerable<List<StoreChanges>> RevisionsAsync(
        KeyRange keys, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var delay = FirstRetryDelay;
        while (true)
        {
            var member = connection.Current;
            using var stream = new EtcdWatchStream(member.Watches.Watch(RequireLeader, cancellationToken: cancellationToken));
            while (await NextAsync(stream, keys, after, member, cancellationToken) is { } events)
            {
                delay = FirstRetryDelay;
                var revisions = EtcdEntries.ByRevision(events);
                if (revisions.Count == 0)
                    continue;
                after = revisions[^1].Revision;
                yield return revisions;
            }

            StorageMetrics.EtcdReconnects.Add(1);
            connection.TurnFrom(member);
            await Task.Delay(delay, options.Time, cancellationToken);
            delay = delay * 2 < MaxRetryDelay ? delay * 2 : MaxRetryDelay;
        }
    }

    // The next whole response; null when the stream has failed.
    private async Task<IReadOnlyList<Event>?> NextAsync(
        EtcdWatchStream stream, KeyRange keys, long after, EtcdMember member, CancellationToken cancellationToken)
    {
        try
        {
            if (!stream.IsOpen)
                await stream.OpenAsync(keys, after + 1, cancellationToken);
            return await stream.ReadWholeAsync(after, cancellationToken);
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is RpcException or IOException or InvalidOperationException)
        {
            options.Logger.LogWarning("The watch of etcd at {Endpoint} broke after revision {Revision}: {Reason}", member.Endpoint, after, e.Message);
            return null;
        }
    }
}
