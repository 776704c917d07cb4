using CsCheck;

namespace Cluster.Fuzz.Tests;

/// <summary>A place where input from outside is taken apart.</summary>
/// <param name="Name">That of its folder in Corpus.</param>
/// <param name="Inputs">What it is tried with: the same inputs from the same seed.</param>
/// <param name="CheckAsync">Throws if the edge does not hold what it must on an input.</param>
internal sealed record Edge(string Name, Gen<byte[]> Inputs, Func<byte[], Task> CheckAsync)
{
    /// <summary>Bytes that one input may cost in all, whether kept or not; 0: not counted (the work is done on other threads).</summary>
    public long MostAllocated { get; init; } = 64L << 20;

    /// <summary>An edge that works on the thread that asks.</summary>
    public static Edge Of(string name, Gen<byte[]> inputs, Action<byte[]> check) => new(name, inputs, input =>
    {
        check(input);
        return Task.CompletedTask;
    });
}
