using System.ComponentModel;
using System.Diagnostics;

namespace Cluster.Containers.Network;

/// <summary>Runs a program of the host: for what has no library, such as nft and iptables.</summary>
internal static class Command
{
    /// <summary>Exit code and both outputs together; 127 when there is no such program, as in a shell.</summary>
    /// <exception cref="RuntimeException">It did not end within the limit; it has been killed.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, string? input, TimeSpan limit, CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            return (127, exception.Message);
        }

        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(limit);
        try
        {
            return await CollectAsync(process, input, timed.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new RuntimeException(RuntimeFailure.Timeout, $"{program} did not end within {limit.TotalSeconds:0} s");
        }
    }

    private static async Task<(int ExitCode, string Output)> CollectAsync(
        Process process, string? input, CancellationToken cancellationToken)
    {
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
