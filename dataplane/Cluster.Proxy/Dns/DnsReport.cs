using System.Net;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Dns;

/// <summary>Tells where people look, on the Service kube-system/kube-dns, that DNS can't answer on this node, and when it can again.</summary>
/// <remarks>Called by one loop. Tries follow each other in seconds: the same trouble is told again only now and then.</remarks>
internal sealed class DnsReport(
    IPEndPoint endPoint, string nodeName, Informer<Service> services, EventRecorder events, ILogger logger, TimeProvider time)
{
    private const string Namespace = "kube-system";
    private const string Name = "kube-dns";
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(5);

    private string? _logged;
    private long? _recordedAt;

    /// <param name="error">Why the last try failed; null: it answers.</param>
    public void Tell(string? error)
    {
        if (error is null)
        {
            logger.LogInformation("DNS answers on {EndPoint}", endPoint);
            if (_recordedAt is not null) events.Record(About(), "Normal", "Listening", $"{endPoint} (DNS) is served on node {nodeName} now");
            (_logged, _recordedAt) = (null, null);
            return;
        }

        if (_logged != error) logger.LogError("DNS can't answer on {EndPoint}, trying again: {Error}", endPoint, error);
        _logged = error;

        // Before the first list nobody knows the service's uid, without which kubectl describe would not show the event.
        if (!services.HasSynced || (_recordedAt is { } at && time.GetElapsedTime(at) < Reminder)) return;
        _recordedAt = time.GetTimestamp();
        events.Record(About(), "Warning", "FailedToListen", $"{endPoint} (DNS) can't be served on node {nodeName}: {error}");
    }

    private ObjectReference About() => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Namespace = Namespace,
        Name = Name,
        Uid = services.Get(Namespace, Name)?.Metadata.Uid ?? "",
    };
}
