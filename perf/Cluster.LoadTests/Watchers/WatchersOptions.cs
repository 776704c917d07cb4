namespace Cluster.LoadTests.Watchers;

/// <summary>What the watchers' benchmark does.</summary>
/// <param name="Cluster">The program under test.</param>
/// <param name="Readers">Watches that are read.</param>
/// <param name="Stuck">Watches that are open and never read, in every other measurement.</param>
/// <param name="Rate">Changes a second; each goes to every reader.</param>
/// <param name="Rounds">Interleaved rounds: without the stuck ones, with them.</param>
/// <param name="Duration">Of one measurement. Below the patience the server has with stuck clients, so that they are there all the time.</param>
/// <param name="ServerCore">The core the server is bound to.</param>
/// <param name="Output">Folder of data and table.</param>
internal sealed record WatchersOptions(string Cluster, int Readers, int Stuck, double Rate, int Rounds, TimeSpan Duration, int ServerCore, string Output);
