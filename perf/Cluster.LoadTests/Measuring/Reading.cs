using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Measuring;

/// <summary>Counters at one moment.</summary>
internal readonly record struct Reading(long Timestamp, ProcessUse? Process, CoreTimes LoadCore, CoreTimes ProxyCore);
