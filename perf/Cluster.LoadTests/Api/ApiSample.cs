namespace Cluster.LoadTests.Api;

/// <summary>One measurement.</summary>
/// <param name="Server">Whose.</param>
/// <param name="Http">1.1 or 2.</param>
/// <param name="Operations">Requests answered, or events that reached watchers.</param>
/// <param name="Failures">Requests that were not answered with success, or events that did not come.</param>
/// <param name="PerSecond">Operations a second.</param>
/// <param name="CpuMicroseconds">The server's for each operation, user and system.</param>
/// <param name="StoreCpuMicroseconds">etcd's, where that is a process of its own.</param>
/// <param name="P50Ms">Of a request, as the client saw it; 0 for watches.</param>
/// <param name="P99Ms">As <paramref name="P50Ms"/>.</param>
/// <param name="ServerBusy">The share of a core the server took.</param>
/// <param name="ClientBusy">As that, the client: near 1 it was the bottleneck.</param>
internal sealed record ApiSample(
    int Round,
    string Work,
    string Http,
    string Server,
    long Operations,
    long Failures,
    double PerSecond,
    double CpuMicroseconds,
    double? StoreCpuMicroseconds,
    double P50Ms,
    double P99Ms,
    double ServerBusy,
    double ClientBusy);
