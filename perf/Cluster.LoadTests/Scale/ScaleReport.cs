using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Scale;

/// <summary>The scale check's outcome.</summary>
internal sealed record ScaleReport(MachineFacts Machine, string Version, int BackendsPerService, IReadOnlyList<ScaleResult> Results)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# Data plane at scale").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date} with {BackendsPerService} backends a service; {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.Runtime}; open files {Machine.OpenFileLimit}; version {Version}.").AppendLine();
        text.AppendLine("`node`: the data plane as the proxy hosts it, with virtual addresses, without the API. `file`: `cluster proxy --config`, whose changes come through the file, renamed into place. `kernel`: one listener on every address, and no proxy.").AppendLine();
        text.AppendLine("| vehicle | path | services | answering | start to serving ms | resident MB (anonymous) | first connection p50 / p99 us | to one service in turn with them, p50 us | again, p50 us | change to effect p50 / p99 ms (changes) | |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (ScaleResult one in Results)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {one.Vehicle} | {one.Path} | {one.Services} | {one.Open} | {Figures.Short(one.StartToServingMs)} | {Figures.Short(one.ResidentMb)} ({Figures.Short(one.AnonymousMb)}) | {Figures.Short(one.FirstP50Us)} / {Figures.Short(one.FirstP99Us)} | {Figures.Short(one.FamiliarP50Us)} | {Figures.Short(one.AgainP50Us)} | {Figures.Short(one.ChangeP50Ms)} / {Figures.Short(one.ChangeP99Ms)} ({one.Changes}) | {one.Failure ?? one.Limit} |");
        }

        return text.ToString();
    }
}
