using System.Diagnostics;

namespace Cluster.LoadTests.Machine;

/// <summary>Runs a command of the system to its end.</summary>
internal static class Shell
{
    /// <exception cref="InvalidOperationException">It failed; the message holds what it said.</exception>
    public static string Run(string command, params string[] arguments)
    {
        (int exitCode, string output) = Try(command, arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)}: {output.Trim()}");
    }

    public static (int ExitCode, string Output) Try(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }

    public static bool Exists(string command) => Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, command)));
}
