using System.ComponentModel;
using System.Diagnostics;

namespace Cluster.Dataplane.Linux.Nftables;

/// <summary>Runs the system's <c>nft</c>, which applies a script whole or not at all.</summary>
internal static class NftCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <exception cref="NftException">nft is not installed, not permitted, or refused the script.</exception>
    public static Task ApplyAsync(string script, CancellationToken cancellationToken) => RunAsync(["-f", "-"], script, cancellationToken);

    /// <exception cref="NftException">nft is not installed, or does not run.</exception>
    public static Task EnsureAsync(CancellationToken cancellationToken) => RunAsync(["--version"], "", cancellationToken);

    public static async Task<bool> TableExistsAsync(string table, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(["-t", "list", "table", "inet", table], "", cancellationToken);
            return true;
        }
        catch (NftException exception) when (exception.Refused)
        {
            return false;
        }
    }

    private static async Task RunAsync(string[] arguments, string input, CancellationToken cancellationToken)
    {
        using var process = Start(arguments);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await output;
            var message = await errors;
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0) throw new NftException($"nft: {message.Trim()}") { Refused = true };
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            cancellationToken.ThrowIfCancellationRequested();
            throw new NftException($"nft took longer than {Limit.TotalSeconds} s");
        }
        finally
        {
            // A pipe is read by the socket engine. Where completions run inline this is its own thread by now, and what the caller
            // does next (netlink, closing frontends and waiting for it) must not hold up every socket of the process.
            await Task.Yield();
        }
    }

    private static Process Start(string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("nft", arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception exception)
        {
            // Out of descriptors or processes it is there all the same.
            var isMissing = exception.NativeErrorCode == Errno.ENOENT;
            throw new NftException($"nft can't be run ({exception.Message}){(isMissing ? "; install the package nftables" : "")}") { Missing = isMissing };
        }
    }
}
