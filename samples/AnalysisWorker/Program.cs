using Nexus.Data;
using Nexus.Data.Analyses;
using Nexus.Samples.AnalysisWorker;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddNexusData(builder.Configuration.GetSection(NexusDataOptions.SectionName).Bind);
builder.Services.Configure<AnalysisQueueOptions>(builder.Configuration.GetSection(AnalysisQueueOptions.SectionName));
builder.Services.AddOptions<WorkerOptions>().BindConfiguration(WorkerOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<ConversationAnalyst>();
builder.Services.AddHostedService<Worker>();

await builder.Build().RunAsync();
