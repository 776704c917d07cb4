namespace Cluster.LoadTests.Measuring;

/// <summary>One measurement of one candidate in one round.</summary>
/// <param name="Value">In the work's unit; null where it failed.</param>
/// <param name="CpuPerOperation">CPU microseconds of the candidate's process per operation (bulk: per MB); null where it has no process.</param>
/// <param name="ProxyCoreBusy">Busy share of the core the proxy is bound to, of whatever runs there.</param>
/// <param name="LoadBusy">Share of the time in which client and backend had something to do (they never sleep): near 1, they are the bottleneck.</param>
/// <param name="BothCoresPerOperation">CPU microseconds of both cores per operation, client and backend too: what the kernel does without a process shows here.</param>
/// <param name="SoftirqPerOperation">The part of it that the kernel counted as softirq.</param>
internal sealed record Sample(
    string Work,
    string Candidate,
    int Round,
    double? Value,
    long Operations,
    double Seconds,
    double? CpuPerOperation,
    double ProxyCoreBusy,
    double LoadBusy,
    double BothCoresPerOperation,
    double SoftirqPerOperation,
    double? P50Microseconds,
    double? P99Microseconds,
    long Failures,
    string? Failure);
