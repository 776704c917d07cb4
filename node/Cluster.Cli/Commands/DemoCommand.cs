using System.CommandLine;
using Cluster.Api.CoreV1;
using Cluster.Cli.Demo;
using Cluster.Cli.Hosting;
using Cluster.Client;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster demo</c>: applies an example and prints a live table of which pod answered.</summary>
internal static class DemoCommand
{
    private static readonly string[] Examples = ["web", "udp-echo", "guestbook"];

    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var example = new Argument<string>("example") { Description = string.Join(", ", Examples), DefaultValueFactory = _ => "web" };
        var requests = new Option<int>("--requests") { Description = "end after so many requests; 0: go on until Ctrl-C", DefaultValueFactory = _ => Console.IsOutputRedirected ? 60 : 0 };
        var command = new Command("demo", "Apply an example to the running cluster and print a live table of which pod answered.") { example, data, requests };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(DataDirectory.At(parsed.GetValue(data)!), parsed.GetValue(example)!, parsed.GetValue(requests), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(DataDirectory data, string example, int requests, CancellationToken cancellationToken)
    {
        if (!Examples.Contains(example)) throw new CliException($"there is no example {example}: {string.Join(", ", Examples)} are there", 2);
        if (SavedSettings.Load(data) is null) throw new CliException($"no cluster was brought up in {data.Root}: `cluster up` does, --data DIR names another folder");
        string folder = Path.Combine(AppContext.BaseDirectory, "examples");
        await ExampleImage.BuildAsync(folder, cancellationToken);
        IApiClient client = KubernetesClients.FromKubeconfig(data.Kubeconfig);
        await new ManifestApplier(client).ApplyAsync(await File.ReadAllTextAsync(Path.Combine(folder, example + ".yaml"), cancellationToken), cancellationToken);

        Service service = await client.GetAsync<Service>("default", example, cancellationToken);
        Console.WriteLine($"service {example}: {service.Spec.ClusterIP}:{service.Spec.Ports[0].Port}, node port {service.Spec.Ports[0].NodePort}, {example}.default.svc.cluster.local");
        await WaitForPodsAsync(client, example, cancellationToken);
        await new AnswerTable(service, Console.Out, TimeProvider.System).RunAsync(requests, cancellationToken);
        Console.WriteLine($"remove it with: kubectl --kubeconfig {data.Kubeconfig} delete -f examples/{example}.yaml");
        return 0;
    }

    private static async Task WaitForPodsAsync(IApiClient client, string example, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        Console.Write("waiting for the pods");
        try
        {
            while (true)
            {
                IReadOnlyList<Pod> pods = (await client.ListAsync<Pod>("default", new ListQuery { LabelSelector = "app=" + example }, limit.Token)).Items;
                if (pods.Count >= 3 && pods.All(Api.Pods.IsReady)) break;
                Console.Write('.');
                await Task.Delay(TimeSpan.FromMilliseconds(500), limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Console.WriteLine();
            throw new CliException("the pods were not ready within 60 s: `kubectl describe pods` says why");
        }

        Console.WriteLine(" ready");
    }
}
