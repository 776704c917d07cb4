using System.Diagnostics;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Measuring;

/// <summary>Reads what the candidate's process and the two cores have used.</summary>
internal sealed class Meter(int? pid, int loadCore, int proxyCore)
{
    public Reading Read()
    {
        CoreTimes[] cores = CoreTimes.ReadAll();
        return new Reading(Stopwatch.GetTimestamp(), pid is { } id ? ProcessUse.Of(id) : null, cores[loadCore], cores[proxyCore]);
    }
}
