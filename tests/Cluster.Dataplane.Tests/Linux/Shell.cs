using System.Diagnostics;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Runs a host command.</summary>
internal static class Shell
{
    public static bool CanChangeHost { get; } =
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Exists("nft") && Exists("ip");

    public const string WhyNot = "needs root on Linux with nftables and iproute2";

    public static bool Exists(string command) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, command)));

    public static string Run(string command, params string[] arguments)
    {
        var (exitCode, output) = Try(command, arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)}: {output}");
    }

    public static (int ExitCode, string Output) Try(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // Not ReadToEndAsync: where completions run inline this may be the socket engine's thread, which would wait for itself.
        var errors = Task.Run(process.StandardError.ReadToEnd);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}
