using System.Diagnostics;

namespace Cluster.Cli.Hosting;

/// <summary>The programs of the host that a node needs beside the container engine; installed where they may be.</summary>
internal static class HostTools
{
    private static readonly (string Program, string Package)[] Needed = [("nft", "nftables"), ("iptables", "iptables"), ("setsid", "util-linux")];
    private static readonly string[] Folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <exception cref="CliException">Some are missing and can't be installed: one line that names the packages.</exception>
    public static async Task EnsureAsync(CancellationToken cancellationToken)
    {
        string[] missing = Missing();
        if (missing.Length == 0) return;
        string packages = string.Join(' ', missing);
        if (Find("apt-get") is not { } apt) throw new CliException($"these packages are missing: {packages}: install them and run this again");
        if (!await RunAsync(apt, ["-q", "-y", "--no-install-recommends", "install", .. missing], cancellationToken))
        {
            // A machine that never asked its package lists: asked now, once.
            await RunAsync(apt, ["-q", "update"], cancellationToken);
            await RunAsync(apt, ["-q", "-y", "--no-install-recommends", "install", .. missing], cancellationToken);
        }

        if (Missing().Length > 0) throw new CliException($"apt-get could not install {packages}: install them by hand and run this again");
    }

    private static string[] Missing() => [.. Needed.Where(tool => Find(tool.Program) is null).Select(tool => tool.Package).Distinct()];

    private static string? Find(string program) => Folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static async Task<bool> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using Process process = Process.Start(start)!;
        // What it prints is not shown: success is looked for in the result.
        Task reading = Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        await reading;
        return process.ExitCode == 0;
    }
}
