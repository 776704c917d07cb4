namespace Cluster.LoadTests.Api;

/// <summary>What the API server's benchmark does.</summary>
/// <param name="Cluster">The program under test.</param>
/// <param name="Etcd">The program whose store is taken instead of the embedded one; null: the embedded one.</param>
/// <param name="Works">Names of those that are wanted; empty: all.</param>
/// <param name="Rounds">Interleaved rounds: each server in turn.</param>
/// <param name="Duration">Of one measurement of gets, lists and paced watches.</param>
/// <param name="Concurrency">Requests at once.</param>
/// <param name="Creates">Pods of one measurement.</param>
/// <param name="Listed">Pods of a list.</param>
/// <param name="Watchers">Watches that are open at once, each with a connection.</param>
/// <param name="Changes">Changes of a flood.</param>
/// <param name="Rate">Changes a second where they are paced.</param>
/// <param name="Stored">Pods the server holds when its memory is looked at; 0: it is not.</param>
/// <param name="ServerCore">The core a server is bound to.</param>
/// <param name="Output">Folder of data, table and plot.</param>
internal sealed record ApiOptions(
    string Cluster,
    string? Etcd,
    IReadOnlyList<string> Works,
    int Rounds,
    TimeSpan Duration,
    int Concurrency,
    int Creates,
    int Listed,
    int Watchers,
    int Changes,
    double Rate,
    int Stored,
    int ServerCore,
    string Output);
