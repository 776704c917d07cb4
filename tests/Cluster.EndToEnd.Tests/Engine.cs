using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Cluster.EndToEnd.Tests;

/// <summary>The container engine seen from outside the cluster: what runs, and commands inside it.</summary>
internal static class Engine
{
    private static readonly DockerClient Client = new DockerClientBuilder().Build();

    /// <summary>Ids of the running containers of a pod, by the labels every kubelet on Docker sets.</summary>
    public static async Task<IReadOnlyList<ContainerListResponse>> ContainersAsync(string ns, string? pod = null, string? container = null, bool all = false)
    {
        var labels = new Dictionary<string, bool> { [$"io.kubernetes.pod.namespace={ns}"] = true };
        if (pod is not null) labels[$"io.kubernetes.pod.name={pod}"] = true;
        if (container is not null) labels[$"io.kubernetes.container.name={container}"] = true;
        IList<ContainerListResponse> found = await Client.Containers.ListContainersAsync(new ContainersListParameters
        {
            All = all, Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = labels },
        });
        return [.. found];
    }

    public static async Task<CommandResult> ExecAsync(string ns, string pod, string container, string[] command)
    {
        ContainerListResponse target = Assert.Single(await ContainersAsync(ns, pod, container));
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var created = await Client.Exec.CreateContainerExecAsync(
            target.ID, new ContainerExecCreateParameters { Cmd = command, AttachStdout = true, AttachStderr = true }, timeout.Token);
        using MultiplexedStream stream = await Client.Exec.StartContainerExecAsync(created.ID, new ContainerExecStartParameters(), timeout.Token);
        (string output, string error) = await stream.ReadOutputToEndAsync(timeout.Token);
        var ended = await Client.Exec.InspectContainerExecAsync(created.ID, timeout.Token);
        return new CommandResult((int)(ended.ExitCode ?? -1), output, error);
    }

    public static Task KillAsync(string id) => Client.Containers.KillContainerAsync(id, new ContainerKillParameters { Signal = "SIGKILL" });

    public static async Task<bool> NetworkExistsAsync(string name) =>
        (await Client.Networks.ListNetworksAsync()).Any(network => network.Name == name);
}
