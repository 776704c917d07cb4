using System.Diagnostics;

namespace Cluster.Cli.Demo;

/// <summary>The image of the examples, built offline by its own script.</summary>
internal static class ExampleImage
{
    public static async Task BuildAsync(string examplesFolder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("bash") { UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(examplesFolder, "images", "build"));
        using Process build = Process.Start(start) ?? throw new CliException("cannot start bash");
        await build.WaitForExitAsync(cancellationToken);
        if (build.ExitCode != 0) throw new CliException("the image of the examples was not built; the reason stands above");
    }
}
