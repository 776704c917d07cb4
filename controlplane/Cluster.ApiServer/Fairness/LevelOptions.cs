namespace Cluster.ApiServer.Fairness;

/// <summary>The bounds of a priority level.</summary>
/// <param name="Name">Kubernetes' name of it.</param>
/// <param name="Seats">Requests served at once.</param>
/// <param name="QueueLength">Requests of one flow that may wait.</param>
/// <param name="MaxWaiting">Requests of all flows that may wait.</param>
/// <param name="MostOfOneFlow">Seats that one flow may have whatever the level has.</param>
internal sealed record LevelOptions(string Name, int Seats, int QueueLength = 100, int MaxWaiting = 2000, int MostOfOneFlow = int.MaxValue)
{
    /// <summary>What one flow may hold: a quarter of the seats is always left to others, so that they need not wait for long requests of its.</summary>
    public int SeatsOfOneFlow => Math.Clamp(Seats - Seats / 4, 1, MostOfOneFlow);

    /// <summary>What one request may take: Kubernetes' ten, and never more than lets a flow do several things at once.</summary>
    public int WidestRequest => Math.Clamp(SeatsOfOneFlow / 4, 1, 10);
}
