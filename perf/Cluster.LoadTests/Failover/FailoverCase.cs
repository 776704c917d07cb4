namespace Cluster.LoadTests.Failover;

/// <summary>What becomes of one of the three backends.</summary>
/// <param name="Name">Of the files.</param>
/// <param name="Title">Of the table.</param>
/// <param name="What">How it is brought about, for the table.</param>
/// <param name="IsSilent">Nothing it says or is told arrives any more, as where a node is gone; otherwise its process is killed, and the kernel answers for it.</param>
internal sealed record FailoverCase(string Name, string Title, string What, bool IsSilent)
{
    public static FailoverCase Killed { get; } = new("failover", "One of three backends is killed", "kill -9 of one of three", IsSilent: false);

    public static FailoverCase Silent { get; } = new(
        "failover-silent", "One of three backends goes silent", "all packets of one of three are dropped from then on, without a word to anybody; clients wait 5 s for an answer", IsSilent: true);
}
