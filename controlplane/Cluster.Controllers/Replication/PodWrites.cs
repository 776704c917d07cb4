using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Replication;

/// <summary>Makes and deletes the pods of an owner, tells of it by Events, and expects to see it.</summary>
internal sealed class PodWrites(IApiClient client, EventRecorder events, Expectations expectations)
{
    /// <summary>Makes the pods, slowly at first; returns the first failure, after which the rest was not tried.</summary>
    public async Task<Exception?> CreateAsync(IApiObject owner, IReadOnlyList<Pod> pods, CancellationToken cancellationToken)
    {
        var key = ObjectKey.Of(owner);
        expectations.ExpectCreations(key, pods.Count);
        var next = -1;
        var result = await SlowStart.RunAsync(pods.Count, () => CreateOneAsync(owner, pods[Interlocked.Increment(ref next)], cancellationToken));

        // What failed and what was never tried will not be seen.
        expectations.Created(key, pods.Count - result.Succeeded);
        return result.Failure is StatusException status && NamespaceEnd.Explains(status) ? null : result.Failure;
    }

    /// <summary>Deletes the pods, each with the uid it was chosen by; returns the first failure.</summary>
    public async Task<Exception?> DeleteAsync(IApiObject owner, IReadOnlyList<Pod> victims, CancellationToken cancellationToken)
    {
        expectations.ExpectDeletions(ObjectKey.Of(owner), victims.Select(pod => pod.Metadata.Uid));
        var failures = await Task.WhenAll(victims.Select(pod => DeleteOneAsync(owner, pod, cancellationToken)));
        return failures.FirstOrDefault(failure => failure is not null);
    }

    private async Task CreateOneAsync(IApiObject owner, Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            var made = await client.CreateAsync(pod, cancellationToken);
            events.Record(owner, "Normal", "SuccessfulCreate", $"Created pod: {made.Metadata.Name}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (e is not StatusException status || !NamespaceEnd.Explains(status))
            {
                events.Record(owner, "Warning", "FailedCreate", $"Error creating: {e.Message}");
            }

            throw;
        }
    }

    private async Task<Exception?> DeleteOneAsync(IApiObject owner, Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            var options = new DeleteOptions { Preconditions = new() { Uid = pod.Metadata.Uid } };
            await client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, options, cancellationToken);
            events.Record(owner, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            return null;
        }
        catch (Exception e)
        {
            // The deletion will not be seen; the next round knows better.
            expectations.Deleted(ObjectKey.Of(owner), pod.Metadata.Uid);
            if (e is StatusException { IsNotFound: true })
            {
                return null;
            }

            events.Record(owner, "Warning", "FailedDelete", $"Error deleting: {e.Message}");
            return e;
        }
    }
}
