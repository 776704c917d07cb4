using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Cluster.ApiServer.Health;

/// <summary>What every process of ours tells of itself, under the names Prometheus clients use.</summary>
internal static class ProcessMetrics
{
    private static readonly Meter Meter = new("Cluster.Process");
    private static readonly Lock Lock = new();
    private static bool _started;

    /// <summary>Begins to tell; more calls do nothing.</summary>
    public static void Start()
    {
        lock (Lock)
        {
            if (_started)
                return;
            _started = true;
        }

        Meter.CreateObservableCounter(
            "process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "Processor time used, user and system.");
        Meter.CreateObservableGauge(
            "process_resident_memory_bytes", () => Environment.WorkingSet, description: "Memory in RAM.");
        Meter.CreateObservableGauge(
            "process_open_fds", () => Directory.GetFileSystemEntries("/proc/self/fd").Length, description: "Open file descriptors.");
        Meter.CreateObservableCounter(
            "dotnet_allocated_bytes_total", () => GC.GetTotalAllocatedBytes(), description: "Bytes allocated on the managed heap.");
        var started = new DateTimeOffset(Process.GetCurrentProcess().StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
        Meter.CreateObservableGauge("process_start_time_seconds", () => started, description: "Start of the process in Unix time.");
    }
}
