namespace Cluster.LoadTests.Fairness;

/// <summary>What the fairness benchmark does.</summary>
/// <param name="Cluster">The program under test.</param>
/// <param name="Loads">Names of the greedy clients; none means all.</param>
/// <param name="Rounds">Interleaved rounds: nobody else, then each greedy client.</param>
/// <param name="Duration">Of one measurement.</param>
/// <param name="Rate">Requests a second of the quiet client, by turns a create and a get.</param>
/// <param name="Listed">Pods that are listed and watched.</param>
/// <param name="ServerCore">The core the server is bound to.</param>
/// <param name="ClientCore">The core of both clients; the greedy one is the nicer.</param>
/// <param name="Output">Folder of data and table.</param>
/// <param name="Append">The rounds come after those that are there.</param>
internal sealed record FairnessOptions(
    string Cluster, IReadOnlyList<string> Loads, int Rounds, TimeSpan Duration, double Rate, int Listed, int ServerCore, int ClientCore, string Output, bool Append);
