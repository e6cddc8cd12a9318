BEGIN TRANSACTION;
CREATE TABLE `Artifact` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `uri` TEXT,    `state` INT,    `name` VARCHAR(255),    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Artifact" VALUES(1,14,'/tfx/artifacts/CsvExampleGen/examples/1',2,NULL,NULL,1795458391053,1795458438955);
INSERT INTO "Artifact" VALUES(2,16,'/tfx/artifacts/StatisticsGen/statistics/2',2,'statistics:2026-11-23T18:26:33.259768',NULL,1795458393288,1795458399004);
INSERT INTO "Artifact" VALUES(3,18,'/tfx/artifacts/SchemaGen/schema/3',2,'schema:2026-11-23T18:26:38.956012',NULL,1795458398974,1795458432549);
INSERT INTO "Artifact" VALUES(4,20,'/tfx/artifacts/ExampleValidator/anomalies/4',2,'anomalies:2026-11-23T18:26:38.994170',NULL,1795458399014,1795458399032);
INSERT INTO "Artifact" VALUES(5,22,'/tfx/artifacts/Transform/transform_graph/5',2,'transform_graph:2026-11-23T18:26:39.036175',NULL,1795458399541,1795458432549);
INSERT INTO "Artifact" VALUES(6,14,'/tfx/artifacts/Transform/transformed_examples/5',2,'transformed_examples:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458432548);
INSERT INTO "Artifact" VALUES(7,23,'/tfx/artifacts/Transform/updated_analyzer_cache/5',2,'updated_analyzer_cache:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458431873);
INSERT INTO "Artifact" VALUES(8,18,'/tfx/artifacts/Transform/pre_transform_schema/5',2,'pre_transform_schema:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458431873);
INSERT INTO "Artifact" VALUES(9,16,'/tfx/artifacts/Transform/pre_transform_stats/5',2,'pre_transform_stats:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458431873);
INSERT INTO "Artifact" VALUES(10,18,'/tfx/artifacts/Transform/post_transform_schema/5',2,'post_transform_schema:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458431873);
INSERT INTO "Artifact" VALUES(11,16,'/tfx/artifacts/Transform/post_transform_stats/5',2,'post_transform_stats:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458431874);
INSERT INTO "Artifact" VALUES(12,20,'/tfx/artifacts/Transform/post_transform_anomalies/5',2,'post_transform_anomalies:2026-11-23T18:26:39.036175',NULL,1795458399542,1795458431874);
INSERT INTO "Artifact" VALUES(13,25,'/tfx/artifacts/Trainer/model/6',2,'model:2026-11-23T18:27:11.878871',NULL,1795458432562,1795458448494);
INSERT INTO "Artifact" VALUES(14,26,'/tfx/artifacts/Trainer/model_run/6',2,'model_run:2026-11-23T18:27:11.878871',NULL,1795458432563,1795458438912);
INSERT INTO "Artifact" VALUES(15,29,'/tfx/artifacts/Evaluator/evaluation/8',2,'evaluation:2026-11-23T18:27:18.946336',NULL,1795458438965,1795458448476);
INSERT INTO "Artifact" VALUES(16,30,'/tfx/artifacts/Evaluator/blessing/8',2,'blessing:2026-11-23T18:27:18.946336',NULL,1795458438965,1795458448494);
INSERT INTO "Artifact" VALUES(17,32,'/tfx/artifacts/Pusher/pushed_model/9',2,'pushed_model:2026-11-23T18:27:28.482233',NULL,1795458448506,1795458448526);
CREATE TABLE `ArtifactProperty` (    `artifact_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`artifact_id`, `name`, `is_custom_property`));
INSERT INTO "ArtifactProperty" VALUES(1,'span',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'input_fingerprint',1,NULL,NULL,'split:single_split,num_files:1,total_bytes:15203,xor_checksum:1795457898,sum_checksum:1795457898',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'file_format',1,NULL,NULL,'tfrecords_gzip',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'payload_format',1,NULL,NULL,'FORMAT_TF_EXAMPLE',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'producer_component',1,NULL,NULL,'StatisticsGen',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'name',1,NULL,NULL,'statistics:2026-11-23T18:26:33.259768',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'span',0,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'stats_dashboard_link',1,NULL,NULL,'',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'sample_rate_by_split',1,NULL,NULL,'mlmd-struct::CioKCV9fdmFsdWVfXxIdGht7ImV2YWwiOiAxLjAsICJ0cmFpbiI6IDEuMH0=',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'name',1,NULL,NULL,'schema:2026-11-23T18:26:38.956012',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'producer_component',1,NULL,NULL,'SchemaGen',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'name',1,NULL,NULL,'anomalies:2026-11-23T18:26:38.994170',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'producer_component',1,NULL,NULL,'ExampleValidator',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'span',0,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'blessed',1,NULL,NULL,'mlmd-struct::ChIKBXRyYWluEgkRAAAAAAAA8D8KEQoEZXZhbBIJEQAAAAAAAPA/',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'name',1,NULL,NULL,'transform_graph:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'name',1,NULL,NULL,'transformed_examples:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'name',1,NULL,NULL,'updated_analyzer_cache:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'name',1,NULL,NULL,'pre_transform_schema:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'name',1,NULL,NULL,'pre_transform_stats:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'name',1,NULL,NULL,'post_transform_schema:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'name',1,NULL,NULL,'post_transform_stats:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'producer_component',1,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'name',1,NULL,NULL,'post_transform_anomalies:2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'name',1,NULL,NULL,'model:2026-11-23T18:27:11.878871',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'producer_component',1,NULL,NULL,'Trainer',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'producer_component',1,NULL,NULL,'Trainer',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'name',1,NULL,NULL,'model_run:2026-11-23T18:27:11.878871',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'name',1,NULL,NULL,'evaluation:2026-11-23T18:27:18.946336',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'producer_component',1,NULL,NULL,'Evaluator',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'name',1,NULL,NULL,'blessing:2026-11-23T18:27:18.946336',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'producer_component',1,NULL,NULL,'Evaluator',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'current_model',1,NULL,NULL,'/tfx/artifacts/Trainer/model/6',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'current_model_id',1,13,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'blessed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'producer_component',1,NULL,NULL,'Pusher',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'name',1,NULL,NULL,'pushed_model:2026-11-23T18:27:28.482233',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed_version',1,NULL,NULL,'1795458448',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed_destination',1,NULL,NULL,'/tfx/serving/1795458448',NULL,NULL,NULL);
CREATE TABLE `Association` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `context_id` INT NOT NULL,    `execution_id` INT NOT NULL,    UNIQUE(`context_id`, `execution_id`)  );
INSERT INTO "Association" VALUES(1,1,1);
INSERT INTO "Association" VALUES(2,2,1);
INSERT INTO "Association" VALUES(3,3,1);
INSERT INTO "Association" VALUES(4,1,2);
INSERT INTO "Association" VALUES(5,4,2);
INSERT INTO "Association" VALUES(6,5,2);
INSERT INTO "Association" VALUES(7,1,3);
INSERT INTO "Association" VALUES(8,6,3);
INSERT INTO "Association" VALUES(9,7,3);
INSERT INTO "Association" VALUES(10,1,4);
INSERT INTO "Association" VALUES(11,8,4);
INSERT INTO "Association" VALUES(12,9,4);
INSERT INTO "Association" VALUES(13,1,5);
INSERT INTO "Association" VALUES(14,10,5);
INSERT INTO "Association" VALUES(15,11,5);
INSERT INTO "Association" VALUES(16,1,6);
INSERT INTO "Association" VALUES(17,12,6);
INSERT INTO "Association" VALUES(18,13,6);
INSERT INTO "Association" VALUES(19,1,7);
INSERT INTO "Association" VALUES(20,14,7);
INSERT INTO "Association" VALUES(21,15,7);
INSERT INTO "Association" VALUES(22,1,8);
INSERT INTO "Association" VALUES(23,16,8);
INSERT INTO "Association" VALUES(24,17,8);
INSERT INTO "Association" VALUES(25,1,9);
INSERT INTO "Association" VALUES(26,18,9);
INSERT INTO "Association" VALUES(27,19,9);
INSERT INTO "Association" VALUES(28,1,10);
INSERT INTO "Association" VALUES(29,20,10);
INSERT INTO "Association" VALUES(30,21,10);
INSERT INTO "Association" VALUES(31,1,11);
INSERT INTO "Association" VALUES(32,22,11);
INSERT INTO "Association" VALUES(33,23,11);
CREATE TABLE `Attribution` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `context_id` INT NOT NULL,    `artifact_id` INT NOT NULL,    UNIQUE(`context_id`, `artifact_id`)  );
INSERT INTO "Attribution" VALUES(1,1,1);
INSERT INTO "Attribution" VALUES(2,2,1);
INSERT INTO "Attribution" VALUES(3,3,1);
INSERT INTO "Attribution" VALUES(4,4,1);
INSERT INTO "Attribution" VALUES(5,5,1);
INSERT INTO "Attribution" VALUES(6,1,2);
INSERT INTO "Attribution" VALUES(7,4,2);
INSERT INTO "Attribution" VALUES(8,5,2);
INSERT INTO "Attribution" VALUES(9,6,2);
INSERT INTO "Attribution" VALUES(10,7,2);
INSERT INTO "Attribution" VALUES(11,1,3);
INSERT INTO "Attribution" VALUES(12,6,3);
INSERT INTO "Attribution" VALUES(13,7,3);
INSERT INTO "Attribution" VALUES(14,8,2);
INSERT INTO "Attribution" VALUES(15,8,3);
INSERT INTO "Attribution" VALUES(16,9,2);
INSERT INTO "Attribution" VALUES(17,9,3);
INSERT INTO "Attribution" VALUES(18,1,4);
INSERT INTO "Attribution" VALUES(19,8,4);
INSERT INTO "Attribution" VALUES(20,9,4);
INSERT INTO "Attribution" VALUES(21,10,1);
INSERT INTO "Attribution" VALUES(22,10,3);
INSERT INTO "Attribution" VALUES(23,11,1);
INSERT INTO "Attribution" VALUES(24,11,3);
INSERT INTO "Attribution" VALUES(25,1,5);
INSERT INTO "Attribution" VALUES(26,1,6);
INSERT INTO "Attribution" VALUES(27,1,8);
INSERT INTO "Attribution" VALUES(28,1,9);
INSERT INTO "Attribution" VALUES(29,1,11);
INSERT INTO "Attribution" VALUES(30,1,7);
INSERT INTO "Attribution" VALUES(31,1,10);
INSERT INTO "Attribution" VALUES(32,1,12);
INSERT INTO "Attribution" VALUES(33,10,5);
INSERT INTO "Attribution" VALUES(34,10,6);
INSERT INTO "Attribution" VALUES(35,10,8);
INSERT INTO "Attribution" VALUES(36,10,9);
INSERT INTO "Attribution" VALUES(37,10,11);
INSERT INTO "Attribution" VALUES(38,10,7);
INSERT INTO "Attribution" VALUES(39,10,10);
INSERT INTO "Attribution" VALUES(40,10,12);
INSERT INTO "Attribution" VALUES(41,11,5);
INSERT INTO "Attribution" VALUES(42,11,6);
INSERT INTO "Attribution" VALUES(43,11,8);
INSERT INTO "Attribution" VALUES(44,11,9);
INSERT INTO "Attribution" VALUES(45,11,11);
INSERT INTO "Attribution" VALUES(46,11,7);
INSERT INTO "Attribution" VALUES(47,11,10);
INSERT INTO "Attribution" VALUES(48,11,12);
INSERT INTO "Attribution" VALUES(49,12,3);
INSERT INTO "Attribution" VALUES(50,12,6);
INSERT INTO "Attribution" VALUES(51,12,5);
INSERT INTO "Attribution" VALUES(52,13,3);
INSERT INTO "Attribution" VALUES(53,13,6);
INSERT INTO "Attribution" VALUES(54,13,5);
INSERT INTO "Attribution" VALUES(55,1,13);
INSERT INTO "Attribution" VALUES(56,1,14);
INSERT INTO "Attribution" VALUES(57,12,13);
INSERT INTO "Attribution" VALUES(58,12,14);
INSERT INTO "Attribution" VALUES(59,13,13);
INSERT INTO "Attribution" VALUES(60,13,14);
INSERT INTO "Attribution" VALUES(61,16,1);
INSERT INTO "Attribution" VALUES(62,16,13);
INSERT INTO "Attribution" VALUES(63,17,1);
INSERT INTO "Attribution" VALUES(64,17,13);
INSERT INTO "Attribution" VALUES(65,1,16);
INSERT INTO "Attribution" VALUES(66,1,15);
INSERT INTO "Attribution" VALUES(67,16,16);
INSERT INTO "Attribution" VALUES(68,16,15);
INSERT INTO "Attribution" VALUES(69,17,16);
INSERT INTO "Attribution" VALUES(70,17,15);
INSERT INTO "Attribution" VALUES(71,18,16);
INSERT INTO "Attribution" VALUES(72,18,13);
INSERT INTO "Attribution" VALUES(73,19,16);
INSERT INTO "Attribution" VALUES(74,19,13);
INSERT INTO "Attribution" VALUES(75,1,17);
INSERT INTO "Attribution" VALUES(76,18,17);
INSERT INTO "Attribution" VALUES(77,19,17);
INSERT INTO "Attribution" VALUES(78,20,1);
INSERT INTO "Attribution" VALUES(79,21,1);
INSERT INTO "Attribution" VALUES(80,22,1);
INSERT INTO "Attribution" VALUES(81,23,1);
INSERT INTO "Attribution" VALUES(82,22,2);
INSERT INTO "Attribution" VALUES(83,23,2);
CREATE TABLE `Context` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Context" VALUES(1,10,'penguin',NULL,1795458391034,1795458391053);
INSERT INTO "Context" VALUES(2,11,'penguin.2026-11-23T18:26:31.011575',NULL,1795458391037,1795458391054);
INSERT INTO "Context" VALUES(3,13,'penguin.2026-11-23T18:26:31.011575.CsvExampleGen',NULL,1795458391044,1795458391054);
INSERT INTO "Context" VALUES(4,11,'penguin.2026-11-23T18:26:33.259768',NULL,1795458393263,1795458393289);
INSERT INTO "Context" VALUES(5,13,'penguin.2026-11-23T18:26:33.259768.StatisticsGen',NULL,1795458393277,1795458393289);
INSERT INTO "Context" VALUES(6,11,'penguin.2026-11-23T18:26:38.956012',NULL,1795458398961,1795458398975);
INSERT INTO "Context" VALUES(7,13,'penguin.2026-11-23T18:26:38.956012.SchemaGen',NULL,1795458398967,1795458398976);
INSERT INTO "Context" VALUES(8,11,'penguin.2026-11-23T18:26:38.994170',NULL,1795458399000,1795458399015);
INSERT INTO "Context" VALUES(9,13,'penguin.2026-11-23T18:26:38.994170.ExampleValidator',NULL,1795458399006,1795458399015);
INSERT INTO "Context" VALUES(10,11,'penguin.2026-11-23T18:26:39.036175',NULL,1795458399524,1795458399543);
INSERT INTO "Context" VALUES(11,13,'penguin.2026-11-23T18:26:39.036175.Transform',NULL,1795458399530,1795458399543);
INSERT INTO "Context" VALUES(12,11,'penguin.2026-11-23T18:27:11.878871',NULL,1795458432543,1795458432564);
INSERT INTO "Context" VALUES(13,13,'penguin.2026-11-23T18:27:11.878871.Trainer',NULL,1795458432550,1795458432564);
INSERT INTO "Context" VALUES(14,11,'penguin.2026-11-23T18:27:18.916023',NULL,1795458438924,1795458438936);
INSERT INTO "Context" VALUES(15,13,'penguin.2026-11-23T18:27:18.916023.latest_blessed_model',NULL,1795458438930,1795458438936);
INSERT INTO "Context" VALUES(16,11,'penguin.2026-11-23T18:27:18.946336',NULL,1795458438951,1795458438966);
INSERT INTO "Context" VALUES(17,13,'penguin.2026-11-23T18:27:18.946336.Evaluator',NULL,1795458438957,1795458438966);
INSERT INTO "Context" VALUES(18,11,'penguin.2026-11-23T18:27:28.482233',NULL,1795458448489,1795458448507);
INSERT INTO "Context" VALUES(19,13,'penguin.2026-11-23T18:27:28.482233.Pusher',NULL,1795458448496,1795458448507);
INSERT INTO "Context" VALUES(20,11,'penguin.2026-11-23T18:27:28.545102',NULL,1795458448556,1795458448571);
INSERT INTO "Context" VALUES(21,13,'penguin.2026-11-23T18:27:28.545102.CsvExampleGen',NULL,1795458448561,1795458448571);
INSERT INTO "Context" VALUES(22,11,'penguin.2026-11-23T18:27:28.584907',NULL,1795458448593,1795458448608);
INSERT INTO "Context" VALUES(23,13,'penguin.2026-11-23T18:27:28.584907.StatisticsGen',NULL,1795458448598,1795458448608);
CREATE TABLE `ContextProperty` (    `context_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`context_id`, `name`, `is_custom_property`));
INSERT INTO "ContextProperty" VALUES(1,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(2,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(2,'run_id',0,NULL,NULL,'2026-11-23T18:26:31.011575',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(3,'component_id',0,NULL,NULL,'CsvExampleGen',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(3,'run_id',0,NULL,NULL,'2026-11-23T18:26:31.011575',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(3,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(4,'run_id',0,NULL,NULL,'2026-11-23T18:26:33.259768',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(4,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(5,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(5,'component_id',0,NULL,NULL,'StatisticsGen',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(5,'run_id',0,NULL,NULL,'2026-11-23T18:26:33.259768',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(6,'run_id',0,NULL,NULL,'2026-11-23T18:26:38.956012',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(6,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(7,'component_id',0,NULL,NULL,'SchemaGen',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(7,'run_id',0,NULL,NULL,'2026-11-23T18:26:38.956012',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(7,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(8,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(8,'run_id',0,NULL,NULL,'2026-11-23T18:26:38.994170',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(9,'component_id',0,NULL,NULL,'ExampleValidator',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(9,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(9,'run_id',0,NULL,NULL,'2026-11-23T18:26:38.994170',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(10,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(10,'run_id',0,NULL,NULL,'2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(11,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(11,'component_id',0,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(11,'run_id',0,NULL,NULL,'2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(12,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(12,'run_id',0,NULL,NULL,'2026-11-23T18:27:11.878871',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(13,'component_id',0,NULL,NULL,'Trainer',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(13,'run_id',0,NULL,NULL,'2026-11-23T18:27:11.878871',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(13,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(14,'run_id',0,NULL,NULL,'2026-11-23T18:27:18.916023',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(14,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(15,'run_id',0,NULL,NULL,'2026-11-23T18:27:18.916023',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(15,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(15,'component_id',0,NULL,NULL,'latest_blessed_model',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(16,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(16,'run_id',0,NULL,NULL,'2026-11-23T18:27:18.946336',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(17,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(17,'run_id',0,NULL,NULL,'2026-11-23T18:27:18.946336',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(17,'component_id',0,NULL,NULL,'Evaluator',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(18,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.482233',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(18,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(19,'component_id',0,NULL,NULL,'Pusher',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(19,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.482233',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(19,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(20,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(20,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.545102',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(21,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.545102',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(21,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(21,'component_id',0,NULL,NULL,'CsvExampleGen',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(22,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.584907',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(22,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(23,'component_id',0,NULL,NULL,'StatisticsGen',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(23,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.584907',NULL,NULL,NULL);
INSERT INTO "ContextProperty" VALUES(23,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
CREATE TABLE `Event` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `artifact_id` INT NOT NULL,    `execution_id` INT NOT NULL,    `type` INT NOT NULL,    `milliseconds_since_epoch` INT,    UNIQUE(`artifact_id`, `execution_id`, `type`)  );
INSERT INTO "Event" VALUES(1,1,1,4,1795458391053);
INSERT INTO "Event" VALUES(2,1,2,3,1795458393276);
INSERT INTO "Event" VALUES(3,2,2,4,1795458393288);
INSERT INTO "Event" VALUES(4,2,3,3,1795458398967);
INSERT INTO "Event" VALUES(5,3,3,4,1795458398975);
INSERT INTO "Event" VALUES(6,2,4,3,1795458399005);
INSERT INTO "Event" VALUES(7,3,4,3,1795458399006);
INSERT INTO "Event" VALUES(8,4,4,4,1795458399014);
INSERT INTO "Event" VALUES(9,1,5,3,1795458399530);
INSERT INTO "Event" VALUES(10,3,5,3,1795458399530);
INSERT INTO "Event" VALUES(11,5,5,4,1795458399542);
INSERT INTO "Event" VALUES(12,6,5,4,1795458399542);
INSERT INTO "Event" VALUES(13,7,5,4,1795458399542);
INSERT INTO "Event" VALUES(14,8,5,4,1795458399542);
INSERT INTO "Event" VALUES(15,9,5,4,1795458399543);
INSERT INTO "Event" VALUES(16,10,5,4,1795458399543);
INSERT INTO "Event" VALUES(17,11,5,4,1795458399543);
INSERT INTO "Event" VALUES(18,12,5,4,1795458399543);
INSERT INTO "Event" VALUES(19,6,6,3,1795458432549);
INSERT INTO "Event" VALUES(20,5,6,3,1795458432549);
INSERT INTO "Event" VALUES(21,3,6,3,1795458432549);
INSERT INTO "Event" VALUES(22,13,6,4,1795458432563);
INSERT INTO "Event" VALUES(23,14,6,4,1795458432563);
INSERT INTO "Event" VALUES(24,1,8,3,1795458438956);
INSERT INTO "Event" VALUES(25,13,8,3,1795458438956);
INSERT INTO "Event" VALUES(26,15,8,4,1795458438965);
INSERT INTO "Event" VALUES(27,16,8,4,1795458438965);
INSERT INTO "Event" VALUES(28,13,9,3,1795458448495);
INSERT INTO "Event" VALUES(29,16,9,3,1795458448495);
INSERT INTO "Event" VALUES(30,17,9,4,1795458448507);
INSERT INTO "Event" VALUES(31,1,10,4,1795458448570);
INSERT INTO "Event" VALUES(32,1,11,3,1795458448597);
INSERT INTO "Event" VALUES(33,2,11,4,1795458448607);
CREATE TABLE `EventPath` (    `event_id` INT NOT NULL,    `is_index_step` TINYINT(1) NOT NULL,    `step_index` INT,    `step_key` TEXT  );
INSERT INTO "EventPath" VALUES(1,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(1,1,0,NULL);
INSERT INTO "EventPath" VALUES(2,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(2,1,0,NULL);
INSERT INTO "EventPath" VALUES(3,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(3,1,0,NULL);
INSERT INTO "EventPath" VALUES(4,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(4,1,0,NULL);
INSERT INTO "EventPath" VALUES(5,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(5,1,0,NULL);
INSERT INTO "EventPath" VALUES(6,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(6,1,0,NULL);
INSERT INTO "EventPath" VALUES(7,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(7,1,0,NULL);
INSERT INTO "EventPath" VALUES(8,0,NULL,'anomalies');
INSERT INTO "EventPath" VALUES(8,1,0,NULL);
INSERT INTO "EventPath" VALUES(9,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(9,1,0,NULL);
INSERT INTO "EventPath" VALUES(10,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(10,1,0,NULL);
INSERT INTO "EventPath" VALUES(11,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(11,1,0,NULL);
INSERT INTO "EventPath" VALUES(12,0,NULL,'transformed_examples');
INSERT INTO "EventPath" VALUES(12,1,0,NULL);
INSERT INTO "EventPath" VALUES(13,0,NULL,'updated_analyzer_cache');
INSERT INTO "EventPath" VALUES(13,1,0,NULL);
INSERT INTO "EventPath" VALUES(14,0,NULL,'pre_transform_schema');
INSERT INTO "EventPath" VALUES(14,1,0,NULL);
INSERT INTO "EventPath" VALUES(15,0,NULL,'pre_transform_stats');
INSERT INTO "EventPath" VALUES(15,1,0,NULL);
INSERT INTO "EventPath" VALUES(16,0,NULL,'post_transform_schema');
INSERT INTO "EventPath" VALUES(16,1,0,NULL);
INSERT INTO "EventPath" VALUES(17,0,NULL,'post_transform_stats');
INSERT INTO "EventPath" VALUES(17,1,0,NULL);
INSERT INTO "EventPath" VALUES(18,0,NULL,'post_transform_anomalies');
INSERT INTO "EventPath" VALUES(18,1,0,NULL);
INSERT INTO "EventPath" VALUES(19,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(19,1,0,NULL);
INSERT INTO "EventPath" VALUES(20,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(20,1,0,NULL);
INSERT INTO "EventPath" VALUES(21,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(21,1,0,NULL);
INSERT INTO "EventPath" VALUES(22,0,NULL,'model');
INSERT INTO "EventPath" VALUES(22,1,0,NULL);
INSERT INTO "EventPath" VALUES(23,0,NULL,'model_run');
INSERT INTO "EventPath" VALUES(23,1,0,NULL);
INSERT INTO "EventPath" VALUES(24,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(24,1,0,NULL);
INSERT INTO "EventPath" VALUES(25,0,NULL,'model');
INSERT INTO "EventPath" VALUES(25,1,0,NULL);
INSERT INTO "EventPath" VALUES(26,0,NULL,'evaluation');
INSERT INTO "EventPath" VALUES(26,1,0,NULL);
INSERT INTO "EventPath" VALUES(27,0,NULL,'blessing');
INSERT INTO "EventPath" VALUES(27,1,0,NULL);
INSERT INTO "EventPath" VALUES(28,0,NULL,'model');
INSERT INTO "EventPath" VALUES(28,1,0,NULL);
INSERT INTO "EventPath" VALUES(29,0,NULL,'model_blessing');
INSERT INTO "EventPath" VALUES(29,1,0,NULL);
INSERT INTO "EventPath" VALUES(30,0,NULL,'pushed_model');
INSERT INTO "EventPath" VALUES(30,1,0,NULL);
INSERT INTO "EventPath" VALUES(31,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(31,1,0,NULL);
INSERT INTO "EventPath" VALUES(32,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(32,1,0,NULL);
INSERT INTO "EventPath" VALUES(33,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(33,1,0,NULL);
CREATE TABLE `Execution` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `last_known_state` INT,    `name` VARCHAR(255),    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Execution" VALUES(1,12,3,NULL,NULL,1795458391043,1795458393256);
INSERT INTO "Execution" VALUES(2,15,3,NULL,NULL,1795458393276,1795458398953);
INSERT INTO "Execution" VALUES(3,17,3,NULL,NULL,1795458398966,1795458398991);
INSERT INTO "Execution" VALUES(4,19,3,NULL,NULL,1795458399005,1795458399033);
INSERT INTO "Execution" VALUES(5,21,3,NULL,NULL,1795458399529,1795458431874);
INSERT INTO "Execution" VALUES(6,24,3,NULL,NULL,1795458432549,1795458438912);
INSERT INTO "Execution" VALUES(7,27,5,NULL,NULL,1795458438928,1795458438936);
INSERT INTO "Execution" VALUES(8,28,3,NULL,NULL,1795458438956,1795458448477);
INSERT INTO "Execution" VALUES(9,31,3,NULL,NULL,1795458448495,1795458448526);
INSERT INTO "Execution" VALUES(10,12,5,NULL,NULL,1795458448559,1795458448569);
INSERT INTO "Execution" VALUES(11,15,5,NULL,NULL,1795458448596,1795458448607);
CREATE TABLE `ExecutionProperty` (    `execution_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`execution_id`, `name`, `is_custom_property`));
INSERT INTO "ExecutionProperty" VALUES(1,'custom_config',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'version',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'span',0,NULL,NULL,'0',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'component_id',0,NULL,NULL,'CsvExampleGen',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_fingerprint',0,NULL,NULL,'split:single_split,num_files:1,total_bytes:15203,xor_checksum:1795457898,sum_checksum:1795457898',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'output_file_format',0,NULL,NULL,'5',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'output_data_format',0,NULL,NULL,'6',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'run_id',0,NULL,NULL,'2026-11-23T18:26:31.011575',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_config',0,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'range_config',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'output_config',0,NULL,NULL,'{
  "split_config": {
    "splits": [
      {
        "hash_buckets": 2,
        "name": "train"
      },
      {
        "hash_buckets": 1,
        "name": "eval"
      }
    ]
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_base',0,NULL,NULL,'/tfx/data',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'run_id',0,NULL,NULL,'2026-11-23T18:26:33.259768',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'component_id',0,NULL,NULL,'StatisticsGen',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'exclude_splits',0,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'stats_options_json',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(2,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'infer_feature_shape',0,NULL,NULL,'1',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'component_id',0,NULL,NULL,'SchemaGen',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'exclude_splits',0,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'run_id',0,NULL,NULL,'2026-11-23T18:26:38.956012',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'exclude_splits',0,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'component_id',0,NULL,NULL,'ExampleValidator',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'run_id',0,NULL,NULL,'2026-11-23T18:26:38.994170',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'custom_validation_config',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'custom_config',0,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'module_path',0,NULL,NULL,'penguin_model@/tfx/artifacts/_wheels/tfx_user_code_transform-0.0+d7b05400ee5cf0426ef600a5f8b8305d91f181def3b7c5d96b942c7386cd07af-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'disable_statistics',0,NULL,NULL,'0',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'force_tf_compat_v1',0,NULL,NULL,'0',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'preprocessing_fn',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'module_file',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'stats_options_updater_fn',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'run_id',0,NULL,NULL,'2026-11-23T18:26:39.036175',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'splits_config',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'component_id',0,NULL,NULL,'Transform',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'component_id',0,NULL,NULL,'Trainer',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'module_path',0,NULL,NULL,'penguin_model@/tfx/artifacts/_wheels/tfx_user_code_trainer-0.0+d7b05400ee5cf0426ef600a5f8b8305d91f181def3b7c5d96b942c7386cd07af-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'train_args',0,NULL,NULL,'{
  "num_steps": 20
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'custom_config',0,NULL,NULL,'{"learning_rate": 0.01, "seed": 7}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'module_file',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'run_fn',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'eval_args',0,NULL,NULL,'{
  "num_steps": 5
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'run_id',0,NULL,NULL,'2026-11-23T18:27:11.878871',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'resolver_class',0,NULL,NULL,'<class ''tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy.LatestBlessedModelStrategy''>',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'run_id',0,NULL,NULL,'2026-11-23T18:27:18.916023',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'source_uri',0,NULL,NULL,'{}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'state',0,NULL,NULL,'cached',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'component_id',0,NULL,NULL,'latest_blessed_model',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'run_id',0,NULL,NULL,'2026-11-23T18:27:18.946336',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'fairness_indicator_thresholds',0,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'component_id',0,NULL,NULL,'Evaluator',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'eval_config',0,NULL,NULL,'{
  "metrics_specs": [
    {
      "metrics": [
        {
          "class_name": "ExampleCount"
        },
        {
          "class_name": "SparseCategoricalCrossentropy"
        },
        {
          "class_name": "SparseCategoricalAccuracy",
          "threshold": {
            "change_threshold": {
              "absolute": -0.03,
              "direction": "HIGHER_IS_BETTER"
            },
            "value_threshold": {
              "lower_bound": 0.9
            }
          }
        }
      ]
    }
  ],
  "model_specs": [
    {
      "label_key": "species_xf",
      "preprocessing_function_names": [
        "transform_features"
      ],
      "signature_name": "serving_default"
    }
  ],
  "slicing_specs": [
    {},
    {
      "feature_keys": [
        "island"
      ]
    },
    {
      "feature_keys": [
        "sex"
      ]
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'feature_slicing_spec',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'module_path',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'example_splits',0,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'module_file',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.482233',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'push_destination',0,NULL,NULL,'{
  "filesystem": {
    "base_directory": "/tfx/serving"
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'custom_config',0,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'component_id',0,NULL,NULL,'Pusher',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'state',0,NULL,NULL,'complete',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.545102',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'output_data_format',0,NULL,NULL,'6',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'state',0,NULL,NULL,'cached',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'range_config',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'output_config',0,NULL,NULL,'{
  "split_config": {
    "splits": [
      {
        "hash_buckets": 2,
        "name": "train"
      },
      {
        "hash_buckets": 1,
        "name": "eval"
      }
    ]
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'input_base',0,NULL,NULL,'/tfx/data',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'span',0,NULL,NULL,'0',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'component_id',0,NULL,NULL,'CsvExampleGen',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'input_config',0,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'input_fingerprint',0,NULL,NULL,'split:single_split,num_files:1,total_bytes:15203,xor_checksum:1795457898,sum_checksum:1795457898',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'version',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'custom_config',0,NULL,NULL,'None',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'output_file_format',0,NULL,NULL,'5',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'state',0,NULL,NULL,'cached',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'pipeline_root',0,NULL,NULL,'/tfx/artifacts',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'run_id',0,NULL,NULL,'2026-11-23T18:27:28.584907',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'pipeline_name',0,NULL,NULL,'penguin',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'exclude_splits',0,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'component_id',0,NULL,NULL,'StatisticsGen',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(11,'stats_options_json',0,NULL,NULL,'None',NULL,NULL,NULL);
CREATE TABLE `MLMDEnv` (    `schema_version` INTEGER PRIMARY KEY  );
INSERT INTO "MLMDEnv" VALUES(10);
CREATE TABLE `ParentContext` (    `context_id` INT NOT NULL,    `parent_context_id` INT NOT NULL,  PRIMARY KEY (`context_id`, `parent_context_id`));
CREATE TABLE `ParentType` (    `type_id` INT NOT NULL,    `parent_type_id` INT NOT NULL,  PRIMARY KEY (`type_id`, `parent_type_id`));
INSERT INTO "ParentType" VALUES(14,1);
INSERT INTO "ParentType" VALUES(16,4);
INSERT INTO "ParentType" VALUES(25,2);
INSERT INTO "ParentType" VALUES(32,2);
CREATE TABLE `Type` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `name` VARCHAR(255) NOT NULL,    `version` VARCHAR(255),    `type_kind` TINYINT(1) NOT NULL,    `description` TEXT,    `input_type` TEXT,    `output_type` TEXT,    `external_id` VARCHAR(255) UNIQUE );
INSERT INTO "Type" VALUES(1,'mlmd.Dataset',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(2,'mlmd.Model',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(3,'mlmd.Metrics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(4,'mlmd.Statistics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(5,'mlmd.Train',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(6,'mlmd.Transform',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(7,'mlmd.Process',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(8,'mlmd.Evaluate',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(9,'mlmd.Deploy',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(10,'pipeline',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(11,'run',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(12,'tfx.components.example_gen.csv_example_gen.component.CsvExampleGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(13,'component_run',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(14,'Examples',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(15,'tfx.components.statistics_gen.component.StatisticsGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(16,'ExampleStatistics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(17,'tfx.components.schema_gen.component.SchemaGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(18,'Schema',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(19,'tfx.components.example_validator.component.ExampleValidator',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(20,'ExampleAnomalies',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(21,'tfx.components.transform.component.Transform',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(22,'TransformGraph',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(23,'TransformCache',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(24,'tfx.components.trainer.component.Trainer',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(25,'Model',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(26,'ModelRun',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(27,'tfx.dsl.components.common.resolver.Resolver',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(28,'tfx.components.evaluator.component.Evaluator',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(29,'ModelEvaluation',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(30,'ModelBlessing',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(31,'tfx.components.pusher.component.Pusher',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(32,'PushedModel',NULL,1,NULL,NULL,NULL,NULL);
CREATE TABLE `TypeProperty` (    `type_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `data_type` INT NULL,  PRIMARY KEY (`type_id`, `name`));
INSERT INTO "TypeProperty" VALUES(10,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(11,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(11,'run_id',3);
INSERT INTO "TypeProperty" VALUES(12,'state',3);
INSERT INTO "TypeProperty" VALUES(12,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(12,'custom_config',3);
INSERT INTO "TypeProperty" VALUES(12,'version',3);
INSERT INTO "TypeProperty" VALUES(12,'output_config',3);
INSERT INTO "TypeProperty" VALUES(12,'span',3);
INSERT INTO "TypeProperty" VALUES(12,'input_base',3);
INSERT INTO "TypeProperty" VALUES(12,'component_id',3);
INSERT INTO "TypeProperty" VALUES(12,'run_id',3);
INSERT INTO "TypeProperty" VALUES(12,'output_file_format',3);
INSERT INTO "TypeProperty" VALUES(12,'output_data_format',3);
INSERT INTO "TypeProperty" VALUES(12,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(12,'range_config',3);
INSERT INTO "TypeProperty" VALUES(12,'input_config',3);
INSERT INTO "TypeProperty" VALUES(12,'input_fingerprint',3);
INSERT INTO "TypeProperty" VALUES(13,'component_id',3);
INSERT INTO "TypeProperty" VALUES(13,'run_id',3);
INSERT INTO "TypeProperty" VALUES(13,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(14,'span',1);
INSERT INTO "TypeProperty" VALUES(14,'version',1);
INSERT INTO "TypeProperty" VALUES(14,'split_names',3);
INSERT INTO "TypeProperty" VALUES(15,'run_id',3);
INSERT INTO "TypeProperty" VALUES(15,'state',3);
INSERT INTO "TypeProperty" VALUES(15,'exclude_splits',3);
INSERT INTO "TypeProperty" VALUES(15,'stats_options_json',3);
INSERT INTO "TypeProperty" VALUES(15,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(15,'component_id',3);
INSERT INTO "TypeProperty" VALUES(15,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(16,'span',1);
INSERT INTO "TypeProperty" VALUES(16,'split_names',3);
INSERT INTO "TypeProperty" VALUES(17,'infer_feature_shape',3);
INSERT INTO "TypeProperty" VALUES(17,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(17,'component_id',3);
INSERT INTO "TypeProperty" VALUES(17,'exclude_splits',3);
INSERT INTO "TypeProperty" VALUES(17,'state',3);
INSERT INTO "TypeProperty" VALUES(17,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(17,'run_id',3);
INSERT INTO "TypeProperty" VALUES(19,'custom_validation_config',3);
INSERT INTO "TypeProperty" VALUES(19,'run_id',3);
INSERT INTO "TypeProperty" VALUES(19,'component_id',3);
INSERT INTO "TypeProperty" VALUES(19,'exclude_splits',3);
INSERT INTO "TypeProperty" VALUES(19,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(19,'state',3);
INSERT INTO "TypeProperty" VALUES(19,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(20,'span',1);
INSERT INTO "TypeProperty" VALUES(20,'split_names',3);
INSERT INTO "TypeProperty" VALUES(21,'disable_statistics',3);
INSERT INTO "TypeProperty" VALUES(21,'checksum_md5',3);
INSERT INTO "TypeProperty" VALUES(21,'splits_config',3);
INSERT INTO "TypeProperty" VALUES(21,'stats_options_updater_fn',3);
INSERT INTO "TypeProperty" VALUES(21,'force_tf_compat_v1',3);
INSERT INTO "TypeProperty" VALUES(21,'module_file',3);
INSERT INTO "TypeProperty" VALUES(21,'custom_config',3);
INSERT INTO "TypeProperty" VALUES(21,'module_path',3);
INSERT INTO "TypeProperty" VALUES(21,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(21,'run_id',3);
INSERT INTO "TypeProperty" VALUES(21,'preprocessing_fn',3);
INSERT INTO "TypeProperty" VALUES(21,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(21,'state',3);
INSERT INTO "TypeProperty" VALUES(21,'component_id',3);
INSERT INTO "TypeProperty" VALUES(24,'module_path',3);
INSERT INTO "TypeProperty" VALUES(24,'module_file',3);
INSERT INTO "TypeProperty" VALUES(24,'eval_args',3);
INSERT INTO "TypeProperty" VALUES(24,'train_args',3);
INSERT INTO "TypeProperty" VALUES(24,'custom_config',3);
INSERT INTO "TypeProperty" VALUES(24,'run_fn',3);
INSERT INTO "TypeProperty" VALUES(24,'state',3);
INSERT INTO "TypeProperty" VALUES(24,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(24,'run_id',3);
INSERT INTO "TypeProperty" VALUES(24,'component_id',3);
INSERT INTO "TypeProperty" VALUES(24,'checksum_md5',3);
INSERT INTO "TypeProperty" VALUES(24,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(27,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(27,'state',3);
INSERT INTO "TypeProperty" VALUES(27,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(27,'resolver_class',3);
INSERT INTO "TypeProperty" VALUES(27,'run_id',3);
INSERT INTO "TypeProperty" VALUES(27,'component_id',3);
INSERT INTO "TypeProperty" VALUES(27,'source_uri',3);
INSERT INTO "TypeProperty" VALUES(28,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(28,'fairness_indicator_thresholds',3);
INSERT INTO "TypeProperty" VALUES(28,'component_id',3);
INSERT INTO "TypeProperty" VALUES(28,'feature_slicing_spec',3);
INSERT INTO "TypeProperty" VALUES(28,'eval_config',3);
INSERT INTO "TypeProperty" VALUES(28,'checksum_md5',3);
INSERT INTO "TypeProperty" VALUES(28,'run_id',3);
INSERT INTO "TypeProperty" VALUES(28,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(28,'example_splits',3);
INSERT INTO "TypeProperty" VALUES(28,'module_path',3);
INSERT INTO "TypeProperty" VALUES(28,'module_file',3);
INSERT INTO "TypeProperty" VALUES(28,'state',3);
INSERT INTO "TypeProperty" VALUES(31,'state',3);
INSERT INTO "TypeProperty" VALUES(31,'pipeline_name',3);
INSERT INTO "TypeProperty" VALUES(31,'component_id',3);
INSERT INTO "TypeProperty" VALUES(31,'custom_config',3);
INSERT INTO "TypeProperty" VALUES(31,'pipeline_root',3);
INSERT INTO "TypeProperty" VALUES(31,'push_destination',3);
INSERT INTO "TypeProperty" VALUES(31,'run_id',3);
CREATE INDEX `idx_artifact_uri`  ON `Artifact`(`uri`);
CREATE INDEX `idx_artifact_create_time_since_epoch`  ON `Artifact`(`create_time_since_epoch`);
CREATE INDEX `idx_artifact_last_update_time_since_epoch`  ON `Artifact`(`last_update_time_since_epoch`);
CREATE INDEX `idx_event_execution_id`  ON `Event`(`execution_id`);
CREATE INDEX `idx_parentcontext_parent_context_id`  ON `ParentContext`(`parent_context_id`);
CREATE INDEX `idx_type_name`  ON `Type`(`name`);
CREATE INDEX `idx_execution_create_time_since_epoch`  ON `Execution`(`create_time_since_epoch`);
CREATE INDEX `idx_execution_last_update_time_since_epoch`  ON `Execution`(`last_update_time_since_epoch`);
CREATE INDEX `idx_context_create_time_since_epoch`  ON `Context`(`create_time_since_epoch`);
CREATE INDEX `idx_context_last_update_time_since_epoch`  ON `Context`(`last_update_time_since_epoch`);
CREATE INDEX `idx_eventpath_event_id`  ON `EventPath`(`event_id`);
CREATE INDEX `idx_artifact_property_int`  ON `ArtifactProperty`(`name`, `is_custom_property`, `int_value`)  WHERE `int_value` IS NOT NULL;
CREATE INDEX `idx_artifact_property_double`  ON `ArtifactProperty`(`name`, `is_custom_property`, `double_value`)  WHERE `double_value` IS NOT NULL;
CREATE INDEX `idx_artifact_property_string`  ON `ArtifactProperty`(`name`, `is_custom_property`, `string_value`)  WHERE `string_value` IS NOT NULL;
CREATE INDEX `idx_execution_property_int`  ON `ExecutionProperty`(`name`, `is_custom_property`, `int_value`)  WHERE `int_value` IS NOT NULL;
CREATE INDEX `idx_execution_property_double`  ON `ExecutionProperty`(`name`, `is_custom_property`, `double_value`)  WHERE `double_value` IS NOT NULL;
CREATE INDEX `idx_execution_property_string`  ON `ExecutionProperty`(`name`, `is_custom_property`, `string_value`)  WHERE `string_value` IS NOT NULL;
CREATE INDEX `idx_context_property_int`  ON `ContextProperty`(`name`, `is_custom_property`, `int_value`)  WHERE `int_value` IS NOT NULL;
CREATE INDEX `idx_context_property_double`  ON `ContextProperty`(`name`, `is_custom_property`, `double_value`)  WHERE `double_value` IS NOT NULL;
CREATE INDEX `idx_context_property_string`  ON `ContextProperty`(`name`, `is_custom_property`, `string_value`)  WHERE `string_value` IS NOT NULL;
CREATE INDEX `idx_type_external_id`  ON `Type`(`external_id`);
CREATE INDEX `idx_artifact_external_id`  ON `Artifact`(`external_id`);
CREATE INDEX `idx_execution_external_id`  ON `Execution`(`external_id`);
CREATE INDEX `idx_context_external_id`  ON `Context`(`external_id`);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('Type',32);
INSERT INTO "sqlite_sequence" VALUES('Context',23);
INSERT INTO "sqlite_sequence" VALUES('Execution',11);
INSERT INTO "sqlite_sequence" VALUES('Association',33);
INSERT INTO "sqlite_sequence" VALUES('Artifact',17);
INSERT INTO "sqlite_sequence" VALUES('Event',33);
INSERT INTO "sqlite_sequence" VALUES('Attribution',83);
COMMIT;
