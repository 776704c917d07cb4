using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Cluster.Testing;

/// <summary>
/// A network namespace that forwards, as a node has to whose kernel translates addresses: runs tests of the same assembly in it, so that
/// they need nothing of the host's own settings. Servers may have the addresses 10.254.1.1 and 10.254.1.2. Needs root and iproute2.
/// </summary>
public sealed partial class ForwardingNamespace : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private const string Variable = "CLUSTER_FORWARDING_NAMESPACE";
    private static int _count;
    private readonly string _name = $"cfw{Environment.ProcessId}n{Interlocked.Increment(ref _count)}";

    public ForwardingNamespace()
    {
        Run("ip", "netns", "add", _name);
        // A way out that leads nowhere: without one the kernel has no route to virtual addresses, and looks at no translation.
        Inside("""
            set -e
            ip link set lo up
            ip addr add 10.254.1.1/32 dev lo
            ip addr add 10.254.1.2/32 dev lo
            ip link add up0 type veth peer name up1
            ip addr add 10.254.0.1/24 dev up0
            ip -6 addr add fd00:254::1/64 dev up0 nodad
            ip link set up0 up
            ip link set up1 up
            ip route add default via 10.254.0.2
            ip -6 route add default via fd00:254::2
            echo 1 > /proc/sys/net/ipv4/ip_forward
            echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
            """);
    }

    public static bool CanMake { get; } = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        && Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "ip")))
        && File.Exists("/usr/bin/nsenter");

    /// <summary>True where this process's namespace forwards both families.</summary>
    public static bool Forwards { get; } = Is1("/proc/sys/net/ipv4/ip_forward") && Is1("/proc/sys/net/ipv6/conf/all/forwarding");

    /// <summary>True where this process runs in one that was made here.</summary>
    public static bool IsHere { get; } = Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>Runs a class of tests in the namespace, by the test assembly's own program.</summary>
    /// <returns>How many ran, failed and were skipped, and all that was printed.</returns>
    public async Task<(int Total, int Failed, int Skipped, string Output)> RunAsync(Type tests, CancellationToken cancellationToken)
    {
        var program = Path.ChangeExtension(tests.Assembly.Location, null);
        using var process = Start("nsenter", $"--net=/run/netns/{_name}", "env", $"{Variable}={_name}", program, "-class", tests.FullName!, "-noColor", "-noAutoReporters", "-showLiveOutput");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token) + await errors;
            await process.WaitForExitAsync(limit.Token);
            var summary = Summary().Match(output);
            if (!summary.Success) throw new InvalidOperationException($"{program} told no result (exit code {process.ExitCode}):\n{output}");
            return (Number("total"), Number("errors") + Number("failed"), Number("skipped"), output);

            int Number(string group) => int.Parse(summary.Groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    public void Dispose()
    {
        using var process = Start("ip", "netns", "del", _name);
        process.WaitForExit();
    }

    private static bool Is1(string path) => File.Exists(path) && File.ReadAllText(path).Trim() != "0";

    private void Inside(string script) => Run("nsenter", $"--net=/run/netns/{_name}", "sh", "-c", script);

    private static void Run(params string[] command)
    {
        using var process = Start(command);
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)}: {errors}");
    }

    private static Process Start(params string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    [GeneratedRegex(@"Total: (?<total>\d+), Errors: (?<errors>\d+), Failed: (?<failed>\d+), Skipped: (?<skipped>\d+)")]
    private static partial Regex Summary();
}
