using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Scale;

/// <summary>How long connections to services took that nobody had connected to, in turn with those to one service, and to the same ones again.</summary>
internal sealed class Firsts
{
    public Latencies First { get; } = new();

    public Latencies Familiar { get; } = new();

    public Latencies Again { get; } = new();

    public ScaleResult In(ScaleResult result) => result with
    {
        FirstP50Us = First.Microseconds(50),
        FirstP99Us = First.Microseconds(99),
        FamiliarP50Us = Familiar.Microseconds(50),
        AgainP50Us = Again.Microseconds(50),
    };
}
