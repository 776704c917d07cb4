using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Candidates;

/// <summary>A candidate that stands between client and backend now.</summary>
/// <param name="process">Null where the kernel does the work.</param>
/// <param name="owned">Released with it.</param>
internal sealed class RunningCandidate(string name, LoadTarget target, TestNamespace place, ChildProcess? process, IDisposable? owned = null) : IDisposable
{
    public string Name { get; } = name;

    public LoadTarget Target { get; } = target;

    public TestNamespace Place { get; } = place;

    public ChildProcess? Process { get; } = process;

    public void Dispose()
    {
        Process?.Dispose();
        owned?.Dispose();
    }
}
