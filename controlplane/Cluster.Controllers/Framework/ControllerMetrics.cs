using System.Diagnostics.Metrics;

namespace Cluster.Controllers.Framework;

/// <summary>What the controllers count, each by controller name.</summary>
internal static class ControllerMetrics
{
    private static readonly Meter Meter = new("Cluster.Controllers");

    private static readonly Counter<long> Reconciles =
        Meter.CreateCounter<long>("controller_reconcile_total", description: "Keys reconciled, by result.");

    private static readonly Histogram<double> Durations =
        Meter.CreateHistogram<double>("controller_reconcile_duration_seconds", "s", "Time of one reconciliation.");

    public static void Done(string controller, bool succeeded, TimeSpan duration)
    {
        var name = new KeyValuePair<string, object?>("controller", controller);
        Reconciles.Add(1, name, new("result", succeeded ? "success" : "error"));
        Durations.Record(duration.TotalSeconds, name);
    }
}
