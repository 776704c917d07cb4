using System.Globalization;
using System.Text;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Start;

/// <summary>The start check's outcome.</summary>
internal sealed record StartReport(MachineFacts Machine, string Version, double NativeBinaryMb, IReadOnlyList<StartResult> Results)
{
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# Start and memory of a load balancer file").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {Machine.Date}; {Machine.Cores} cores, {Machine.Processor}; Linux {Machine.Kernel}; {Machine.Runtime}; open files {Machine.OpenFileLimit}; version {Version}. Medians of {Results.Max(result => result.Rounds.Count)} interleaved rounds. `cluster-proxy` is a file of {NativeBinaryMb:0.0} MB.").AppendLine();
        text.AppendLine("| program | services x backends | file MB | start to first reply ms | resident MB | CPU of the start ms | change to effect ms |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var one in Results)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {one.Candidate} | {one.Services} x {one.BackendsPerService} | {one.FileMb:0.00} | {one.FirstReplyMs:0} | {one.ResidentMb:0.0} | {one.CpuMs:0} | {one.ChangeMs:0} |");
        return text.ToString();
    }
}
