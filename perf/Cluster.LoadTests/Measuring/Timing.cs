namespace Cluster.LoadTests.Measuring;

/// <summary>How long and how much is measured.</summary>
/// <param name="WarmUp">Of a candidate before the first round: just-in-time compilers reach their steady state in it.</param>
/// <param name="Lead">Before each measurement, not counted.</param>
/// <param name="Duration">Of one measurement.</param>
/// <param name="IdleRest">After connections were opened or closed, until memory is looked at.</param>
internal sealed record Timing(int Rounds, TimeSpan WarmUp, TimeSpan Lead, TimeSpan Duration, int IdleConnections, TimeSpan IdleRest)
{
    public static Timing Full { get; } = new(7, TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1.5), 4000, TimeSpan.FromSeconds(1));

    public static Timing Quick { get; } = new(3, TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.05), TimeSpan.FromSeconds(0.25), 2000, TimeSpan.FromSeconds(0.15));
}
