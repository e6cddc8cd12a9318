BEGIN TRANSACTION;
CREATE TABLE `Artifact` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `uri` TEXT,    `state` INT,    `name` VARCHAR(255),    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Artifact" VALUES(1,15,'/tfx/artifacts/CsvExampleGen/examples/1',2,NULL,NULL,1795457927776,1795457927776);
INSERT INTO "Artifact" VALUES(2,18,'/tfx/artifacts/StatisticsGen/statistics/3',2,NULL,NULL,1795457933913,1795457933913);
INSERT INTO "Artifact" VALUES(3,20,'/tfx/artifacts/SchemaGen/schema/4',2,NULL,NULL,1795457933965,1795457933965);
INSERT INTO "Artifact" VALUES(4,22,'/tfx/artifacts/ExampleValidator/anomalies/5',2,NULL,NULL,1795457934033,1795457934033);
INSERT INTO "Artifact" VALUES(5,18,'/tfx/artifacts/Transform/post_transform_stats/6',2,NULL,NULL,1795457978054,1795457978054);
INSERT INTO "Artifact" VALUES(6,24,'/tfx/artifacts/Transform/transform_graph/6',2,NULL,NULL,1795457978054,1795457978054);
INSERT INTO "Artifact" VALUES(7,25,'/tfx/artifacts/Transform/updated_analyzer_cache/6',2,NULL,NULL,1795457978054,1795457978054);
INSERT INTO "Artifact" VALUES(8,15,'/tfx/artifacts/Transform/transformed_examples/6',2,NULL,NULL,1795457978054,1795457978054);
INSERT INTO "Artifact" VALUES(9,20,'/tfx/artifacts/Transform/pre_transform_schema/6',2,NULL,NULL,1795457978054,1795457978054);
INSERT INTO "Artifact" VALUES(10,20,'/tfx/artifacts/Transform/post_transform_schema/6',2,NULL,NULL,1795457978055,1795457978055);
INSERT INTO "Artifact" VALUES(11,22,'/tfx/artifacts/Transform/post_transform_anomalies/6',2,NULL,NULL,1795457978055,1795457978055);
INSERT INTO "Artifact" VALUES(12,18,'/tfx/artifacts/Transform/pre_transform_stats/6',2,NULL,NULL,1795457978055,1795457978055);
INSERT INTO "Artifact" VALUES(13,27,'/tfx/artifacts/Trainer/model_run/7',2,NULL,NULL,1795457983083,1795457983083);
INSERT INTO "Artifact" VALUES(14,28,'/tfx/artifacts/Trainer/model/7',2,NULL,NULL,1795457983083,1795457983083);
INSERT INTO "Artifact" VALUES(15,30,'/tfx/artifacts/Evaluator/blessing/8',2,NULL,NULL,1795457993045,1795457993045);
INSERT INTO "Artifact" VALUES(16,31,'/tfx/artifacts/Evaluator/evaluation/8',2,NULL,NULL,1795457993045,1795457993045);
INSERT INTO "Artifact" VALUES(17,33,'/tfx/artifacts/Pusher/pushed_model/9',2,NULL,NULL,1795457993114,1795457993114);
INSERT INTO "Artifact" VALUES(18,31,'/tfx/artifacts/Evaluator/evaluation/17',2,NULL,NULL,1795458520214,1795458520214);
INSERT INTO "Artifact" VALUES(19,30,'/tfx/artifacts/Evaluator/blessing/17',2,NULL,NULL,1795458520215,1795458520215);
INSERT INTO "Artifact" VALUES(20,33,'/tfx/artifacts/Pusher/pushed_model/18',2,NULL,NULL,1795458520281,1795458520281);
CREATE TABLE `ArtifactProperty` (    `artifact_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`artifact_id`, `name`, `is_custom_property`));
INSERT INTO "ArtifactProperty" VALUES(1,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'input_fingerprint',1,NULL,NULL,'split:single_split,num_files:1,total_bytes:15203,xor_checksum:1795457898,sum_checksum:1795457898',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'span',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'file_format',1,NULL,NULL,'tfrecords_gzip',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(1,'payload_format',1,NULL,NULL,'FORMAT_TF_EXAMPLE',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'span',0,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'sample_rate_by_split',1,NULL,NULL,'mlmd-struct::CioKCV9fdmFsdWVfXxIdGht7ImV2YWwiOiAxLjAsICJ0cmFpbiI6IDEuMH0=',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(2,'stats_dashboard_link',1,NULL,NULL,'',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(3,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'span',0,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'split_names',0,NULL,NULL,'["train", "eval"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'blessed',1,NULL,NULL,'mlmd-struct::ChEKBGV2YWwSCREAAAAAAADwPwoSCgV0cmFpbhIJEQAAAAAAAPA/',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(4,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(5,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(6,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(7,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'split_names',0,NULL,NULL,'["eval", "train"]',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(8,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(9,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(10,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(11,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(12,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(13,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(14,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'current_model_id',1,14,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'current_model',1,NULL,NULL,'/tfx/artifacts/Trainer/model/7',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'blessed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(15,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(16,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed_version',1,NULL,NULL,'1795457993',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed_destination',1,NULL,NULL,'/tfx/serving/1795457993',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'pushed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(17,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(18,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(18,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'current_model_id',1,14,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'baseline_model',1,NULL,NULL,'/tfx/artifacts/Trainer/model/7',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'baseline_model_id',1,14,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'blessed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'current_model',1,NULL,NULL,'/tfx/artifacts/Trainer/model/7',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(19,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(20,'pushed',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(20,'pushed_version',1,NULL,NULL,'1795458520',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(20,'tfx_version',1,NULL,NULL,'1.16.0',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(20,'pushed_destination',1,NULL,NULL,'/tfx/serving/1795458520',NULL,NULL,NULL);
INSERT INTO "ArtifactProperty" VALUES(20,'is_external',1,0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE `Association` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `context_id` INT NOT NULL,    `execution_id` INT NOT NULL,    UNIQUE(`context_id`, `execution_id`)  );
INSERT INTO "Association" VALUES(1,1,1);
INSERT INTO "Association" VALUES(2,2,1);
INSERT INTO "Association" VALUES(3,3,1);
INSERT INTO "Association" VALUES(4,4,1);
INSERT INTO "Association" VALUES(5,1,2);
INSERT INTO "Association" VALUES(6,2,2);
INSERT INTO "Association" VALUES(7,5,2);
INSERT INTO "Association" VALUES(8,1,3);
INSERT INTO "Association" VALUES(9,2,3);
INSERT INTO "Association" VALUES(10,6,3);
INSERT INTO "Association" VALUES(11,7,3);
INSERT INTO "Association" VALUES(12,1,4);
INSERT INTO "Association" VALUES(13,2,4);
INSERT INTO "Association" VALUES(14,8,4);
INSERT INTO "Association" VALUES(15,9,4);
INSERT INTO "Association" VALUES(16,1,5);
INSERT INTO "Association" VALUES(17,2,5);
INSERT INTO "Association" VALUES(18,10,5);
INSERT INTO "Association" VALUES(19,11,5);
INSERT INTO "Association" VALUES(20,1,6);
INSERT INTO "Association" VALUES(21,2,6);
INSERT INTO "Association" VALUES(22,12,6);
INSERT INTO "Association" VALUES(23,13,6);
INSERT INTO "Association" VALUES(24,1,7);
INSERT INTO "Association" VALUES(25,2,7);
INSERT INTO "Association" VALUES(26,14,7);
INSERT INTO "Association" VALUES(27,15,7);
INSERT INTO "Association" VALUES(28,1,8);
INSERT INTO "Association" VALUES(29,2,8);
INSERT INTO "Association" VALUES(30,16,8);
INSERT INTO "Association" VALUES(31,17,8);
INSERT INTO "Association" VALUES(32,1,9);
INSERT INTO "Association" VALUES(33,2,9);
INSERT INTO "Association" VALUES(34,18,9);
INSERT INTO "Association" VALUES(35,19,9);
INSERT INTO "Association" VALUES(36,1,10);
INSERT INTO "Association" VALUES(37,20,10);
INSERT INTO "Association" VALUES(38,3,10);
INSERT INTO "Association" VALUES(39,4,10);
INSERT INTO "Association" VALUES(40,1,11);
INSERT INTO "Association" VALUES(41,20,11);
INSERT INTO "Association" VALUES(42,5,11);
INSERT INTO "Association" VALUES(43,1,12);
INSERT INTO "Association" VALUES(44,20,12);
INSERT INTO "Association" VALUES(45,6,12);
INSERT INTO "Association" VALUES(46,7,12);
INSERT INTO "Association" VALUES(47,1,13);
INSERT INTO "Association" VALUES(48,20,13);
INSERT INTO "Association" VALUES(49,8,13);
INSERT INTO "Association" VALUES(50,9,13);
INSERT INTO "Association" VALUES(51,1,14);
INSERT INTO "Association" VALUES(52,20,14);
INSERT INTO "Association" VALUES(53,10,14);
INSERT INTO "Association" VALUES(54,11,14);
INSERT INTO "Association" VALUES(55,1,15);
INSERT INTO "Association" VALUES(56,20,15);
INSERT INTO "Association" VALUES(57,12,15);
INSERT INTO "Association" VALUES(58,13,15);
INSERT INTO "Association" VALUES(59,1,16);
INSERT INTO "Association" VALUES(60,20,16);
INSERT INTO "Association" VALUES(61,14,16);
INSERT INTO "Association" VALUES(62,15,16);
INSERT INTO "Association" VALUES(63,1,17);
INSERT INTO "Association" VALUES(64,20,17);
INSERT INTO "Association" VALUES(65,16,17);
INSERT INTO "Association" VALUES(66,21,17);
INSERT INTO "Association" VALUES(67,1,18);
INSERT INTO "Association" VALUES(68,20,18);
INSERT INTO "Association" VALUES(69,18,18);
INSERT INTO "Association" VALUES(70,22,18);
INSERT INTO "Association" VALUES(71,1,19);
INSERT INTO "Association" VALUES(72,23,19);
INSERT INTO "Association" VALUES(73,3,19);
INSERT INTO "Association" VALUES(74,24,19);
CREATE TABLE `Attribution` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `context_id` INT NOT NULL,    `artifact_id` INT NOT NULL,    UNIQUE(`context_id`, `artifact_id`)  );
INSERT INTO "Attribution" VALUES(1,1,1);
INSERT INTO "Attribution" VALUES(2,2,1);
INSERT INTO "Attribution" VALUES(3,3,1);
INSERT INTO "Attribution" VALUES(4,4,1);
INSERT INTO "Attribution" VALUES(5,6,1);
INSERT INTO "Attribution" VALUES(6,1,2);
INSERT INTO "Attribution" VALUES(7,2,2);
INSERT INTO "Attribution" VALUES(8,6,2);
INSERT INTO "Attribution" VALUES(9,7,2);
INSERT INTO "Attribution" VALUES(10,8,2);
INSERT INTO "Attribution" VALUES(11,1,3);
INSERT INTO "Attribution" VALUES(12,2,3);
INSERT INTO "Attribution" VALUES(13,8,3);
INSERT INTO "Attribution" VALUES(14,9,3);
INSERT INTO "Attribution" VALUES(15,10,2);
INSERT INTO "Attribution" VALUES(16,10,3);
INSERT INTO "Attribution" VALUES(17,1,4);
INSERT INTO "Attribution" VALUES(18,2,4);
INSERT INTO "Attribution" VALUES(19,10,4);
INSERT INTO "Attribution" VALUES(20,11,4);
INSERT INTO "Attribution" VALUES(21,12,1);
INSERT INTO "Attribution" VALUES(22,12,3);
INSERT INTO "Attribution" VALUES(23,1,10);
INSERT INTO "Attribution" VALUES(24,1,6);
INSERT INTO "Attribution" VALUES(25,1,9);
INSERT INTO "Attribution" VALUES(26,1,12);
INSERT INTO "Attribution" VALUES(27,1,11);
INSERT INTO "Attribution" VALUES(28,1,5);
INSERT INTO "Attribution" VALUES(29,1,8);
INSERT INTO "Attribution" VALUES(30,1,7);
INSERT INTO "Attribution" VALUES(31,2,10);
INSERT INTO "Attribution" VALUES(32,2,6);
INSERT INTO "Attribution" VALUES(33,2,9);
INSERT INTO "Attribution" VALUES(34,2,12);
INSERT INTO "Attribution" VALUES(35,2,11);
INSERT INTO "Attribution" VALUES(36,2,5);
INSERT INTO "Attribution" VALUES(37,2,8);
INSERT INTO "Attribution" VALUES(38,2,7);
INSERT INTO "Attribution" VALUES(39,12,10);
INSERT INTO "Attribution" VALUES(40,12,6);
INSERT INTO "Attribution" VALUES(41,12,9);
INSERT INTO "Attribution" VALUES(42,12,12);
INSERT INTO "Attribution" VALUES(43,12,11);
INSERT INTO "Attribution" VALUES(44,12,5);
INSERT INTO "Attribution" VALUES(45,12,8);
INSERT INTO "Attribution" VALUES(46,12,7);
INSERT INTO "Attribution" VALUES(47,13,10);
INSERT INTO "Attribution" VALUES(48,13,6);
INSERT INTO "Attribution" VALUES(49,13,9);
INSERT INTO "Attribution" VALUES(50,13,12);
INSERT INTO "Attribution" VALUES(51,13,11);
INSERT INTO "Attribution" VALUES(52,13,5);
INSERT INTO "Attribution" VALUES(53,13,8);
INSERT INTO "Attribution" VALUES(54,13,7);
INSERT INTO "Attribution" VALUES(55,14,6);
INSERT INTO "Attribution" VALUES(56,14,8);
INSERT INTO "Attribution" VALUES(57,14,3);
INSERT INTO "Attribution" VALUES(58,1,13);
INSERT INTO "Attribution" VALUES(59,1,14);
INSERT INTO "Attribution" VALUES(60,2,13);
INSERT INTO "Attribution" VALUES(61,2,14);
INSERT INTO "Attribution" VALUES(62,14,13);
INSERT INTO "Attribution" VALUES(63,14,14);
INSERT INTO "Attribution" VALUES(64,15,13);
INSERT INTO "Attribution" VALUES(65,15,14);
INSERT INTO "Attribution" VALUES(66,16,1);
INSERT INTO "Attribution" VALUES(67,16,14);
INSERT INTO "Attribution" VALUES(68,1,15);
INSERT INTO "Attribution" VALUES(69,1,16);
INSERT INTO "Attribution" VALUES(70,2,15);
INSERT INTO "Attribution" VALUES(71,2,16);
INSERT INTO "Attribution" VALUES(72,16,15);
INSERT INTO "Attribution" VALUES(73,16,16);
INSERT INTO "Attribution" VALUES(74,17,15);
INSERT INTO "Attribution" VALUES(75,17,16);
INSERT INTO "Attribution" VALUES(76,18,15);
INSERT INTO "Attribution" VALUES(77,18,14);
INSERT INTO "Attribution" VALUES(78,1,17);
INSERT INTO "Attribution" VALUES(79,2,17);
INSERT INTO "Attribution" VALUES(80,18,17);
INSERT INTO "Attribution" VALUES(81,19,17);
INSERT INTO "Attribution" VALUES(82,20,1);
INSERT INTO "Attribution" VALUES(83,20,15);
INSERT INTO "Attribution" VALUES(84,20,14);
INSERT INTO "Attribution" VALUES(85,5,15);
INSERT INTO "Attribution" VALUES(86,5,14);
INSERT INTO "Attribution" VALUES(87,20,2);
INSERT INTO "Attribution" VALUES(88,20,3);
INSERT INTO "Attribution" VALUES(89,20,4);
INSERT INTO "Attribution" VALUES(90,20,12);
INSERT INTO "Attribution" VALUES(91,20,5);
INSERT INTO "Attribution" VALUES(92,20,8);
INSERT INTO "Attribution" VALUES(93,20,11);
INSERT INTO "Attribution" VALUES(94,20,7);
INSERT INTO "Attribution" VALUES(95,20,10);
INSERT INTO "Attribution" VALUES(96,20,6);
INSERT INTO "Attribution" VALUES(97,20,9);
INSERT INTO "Attribution" VALUES(98,20,13);
INSERT INTO "Attribution" VALUES(99,1,18);
INSERT INTO "Attribution" VALUES(100,1,19);
INSERT INTO "Attribution" VALUES(101,20,18);
INSERT INTO "Attribution" VALUES(102,20,19);
INSERT INTO "Attribution" VALUES(103,16,18);
INSERT INTO "Attribution" VALUES(104,16,19);
INSERT INTO "Attribution" VALUES(105,21,18);
INSERT INTO "Attribution" VALUES(106,21,19);
INSERT INTO "Attribution" VALUES(107,18,19);
INSERT INTO "Attribution" VALUES(108,1,20);
INSERT INTO "Attribution" VALUES(109,20,20);
INSERT INTO "Attribution" VALUES(110,18,20);
INSERT INTO "Attribution" VALUES(111,22,20);
CREATE TABLE `Context` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Context" VALUES(1,10,'penguin',NULL,1795457926041,1795457926041);
INSERT INTO "Context" VALUES(2,11,'2026-11-23T18:18:46.018288',NULL,1795457926045,1795457926045);
INSERT INTO "Context" VALUES(3,12,'penguin.CsvExampleGen',NULL,1795457926051,1795457926051);
INSERT INTO "Context" VALUES(4,14,'1966cc540ce9a3be2107a8583a8acd11d46c1fba1e4aef08aec320528a90eb48',NULL,1795457926072,1795457926072);
INSERT INTO "Context" VALUES(5,12,'penguin.latest_blessed_model',NULL,1795457927785,1795457927785);
INSERT INTO "Context" VALUES(6,12,'penguin.StatisticsGen',NULL,1795457927799,1795457927799);
INSERT INTO "Context" VALUES(7,14,'fcca5e8b84372d944fcb288aceac2309bd619273702e3e4ff3f32de31bcd0426',NULL,1795457927816,1795457927816);
INSERT INTO "Context" VALUES(8,12,'penguin.SchemaGen',NULL,1795457933919,1795457933919);
INSERT INTO "Context" VALUES(9,14,'4a2fc1f679e44fdb25be4596c4b3e06d1e3a9c78315f6582ecbb65b57ea6f1f9',NULL,1795457933937,1795457933937);
INSERT INTO "Context" VALUES(10,12,'penguin.ExampleValidator',NULL,1795457933977,1795457933977);
INSERT INTO "Context" VALUES(11,14,'2de0fab2b4e5419ffe7d323da44e01918afdaaa47ee1141a14da22951bfa2e64',NULL,1795457934005,1795457934005);
INSERT INTO "Context" VALUES(12,12,'penguin.Transform',NULL,1795457934045,1795457934045);
INSERT INTO "Context" VALUES(13,14,'2ca5c6d44305178113dbcaf625d31d8cf534fd4964fa59c691450170a194ae37',NULL,1795457934125,1795457934125);
INSERT INTO "Context" VALUES(14,12,'penguin.Trainer',NULL,1795457978065,1795457978065);
INSERT INTO "Context" VALUES(15,14,'8c692d8cbe315b61f4b0148d6ad00e1d5ba878ce24c582123719f3b72ac10607',NULL,1795457978095,1795457978095);
INSERT INTO "Context" VALUES(16,12,'penguin.Evaluator',NULL,1795457983092,1795457983092);
INSERT INTO "Context" VALUES(17,14,'0532645ca1cec8d8d1a0ff46d39dcdf49e09be450dd0e0ebeff24ec30df3fe6c',NULL,1795457983129,1795457983129);
INSERT INTO "Context" VALUES(18,12,'penguin.Pusher',NULL,1795457993058,1795457993058);
INSERT INTO "Context" VALUES(19,14,'ba437ffcbe5376397afbc270a38207a28644ef628b1e507d2bad88bb93a6c049',NULL,1795457993087,1795457993087);
INSERT INTO "Context" VALUES(20,11,'2026-11-23T18:28:22.783916',NULL,1795458502794,1795458502823);
INSERT INTO "Context" VALUES(21,14,'d58db7eb548ebc0c6cdb3a35d55d4a00d3146e2ea77b12da65a80fd65e3febd2',NULL,1795458503054,1795458503054);
INSERT INTO "Context" VALUES(22,14,'2b77f5b83016763b78216a90071deabb6458fa1c726b90c1ed4e9252d3ec9371',NULL,1795458520255,1795458520255);
INSERT INTO "Context" VALUES(23,11,'2026-11-23T18:29:00.845153',NULL,1795458540856,1795458540856);
INSERT INTO "Context" VALUES(24,14,'9027021b27785d8904965dc249bf26bca62c65eb5fbb9a479a70fe07ef576961',NULL,1795458540883,1795458540883);
CREATE TABLE `ContextProperty` (    `context_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`context_id`, `name`, `is_custom_property`));
CREATE TABLE `Event` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `artifact_id` INT NOT NULL,    `execution_id` INT NOT NULL,    `type` INT NOT NULL,    `milliseconds_since_epoch` INT,    UNIQUE(`artifact_id`, `execution_id`, `type`)  );
INSERT INTO "Event" VALUES(1,1,1,4,1795457927777);
INSERT INTO "Event" VALUES(2,1,3,3,1795457927809);
INSERT INTO "Event" VALUES(3,2,3,4,1795457933913);
INSERT INTO "Event" VALUES(4,2,4,3,1795457933931);
INSERT INTO "Event" VALUES(5,3,4,4,1795457933967);
INSERT INTO "Event" VALUES(6,2,5,3,1795457933996);
INSERT INTO "Event" VALUES(7,3,5,3,1795457933997);
INSERT INTO "Event" VALUES(8,4,5,4,1795457934034);
INSERT INTO "Event" VALUES(9,3,6,3,1795457934104);
INSERT INTO "Event" VALUES(10,1,6,3,1795457934104);
INSERT INTO "Event" VALUES(11,5,6,4,1795457978055);
INSERT INTO "Event" VALUES(12,6,6,4,1795457978055);
INSERT INTO "Event" VALUES(13,7,6,4,1795457978055);
INSERT INTO "Event" VALUES(14,8,6,4,1795457978055);
INSERT INTO "Event" VALUES(15,9,6,4,1795457978055);
INSERT INTO "Event" VALUES(16,10,6,4,1795457978055);
INSERT INTO "Event" VALUES(17,11,6,4,1795457978055);
INSERT INTO "Event" VALUES(18,12,6,4,1795457978055);
INSERT INTO "Event" VALUES(19,6,7,3,1795457978084);
INSERT INTO "Event" VALUES(20,3,7,3,1795457978084);
INSERT INTO "Event" VALUES(21,8,7,3,1795457978085);
INSERT INTO "Event" VALUES(22,13,7,4,1795457983083);
INSERT INTO "Event" VALUES(23,14,7,4,1795457983084);
INSERT INTO "Event" VALUES(24,1,8,3,1795457983109);
INSERT INTO "Event" VALUES(25,14,8,3,1795457983109);
INSERT INTO "Event" VALUES(26,15,8,4,1795457993046);
INSERT INTO "Event" VALUES(27,16,8,4,1795457993046);
INSERT INTO "Event" VALUES(28,15,9,3,1795457993078);
INSERT INTO "Event" VALUES(29,14,9,3,1795457993078);
INSERT INTO "Event" VALUES(30,17,9,4,1795457993116);
INSERT INTO "Event" VALUES(31,1,10,4,1795458502824);
INSERT INTO "Event" VALUES(32,15,11,6,1795458502847);
INSERT INTO "Event" VALUES(33,14,11,6,1795458502847);
INSERT INTO "Event" VALUES(34,1,12,3,1795458502865);
INSERT INTO "Event" VALUES(35,2,12,4,1795458502876);
INSERT INTO "Event" VALUES(36,2,13,3,1795458502892);
INSERT INTO "Event" VALUES(37,3,13,4,1795458502906);
INSERT INTO "Event" VALUES(38,2,14,3,1795458502926);
INSERT INTO "Event" VALUES(39,3,14,3,1795458502926);
INSERT INTO "Event" VALUES(40,4,14,4,1795458502940);
INSERT INTO "Event" VALUES(41,3,15,3,1795458502959);
INSERT INTO "Event" VALUES(42,1,15,3,1795458502959);
INSERT INTO "Event" VALUES(43,5,15,4,1795458502977);
INSERT INTO "Event" VALUES(44,6,15,4,1795458502977);
INSERT INTO "Event" VALUES(45,7,15,4,1795458502977);
INSERT INTO "Event" VALUES(46,8,15,4,1795458502977);
INSERT INTO "Event" VALUES(47,9,15,4,1795458502977);
INSERT INTO "Event" VALUES(48,10,15,4,1795458502977);
INSERT INTO "Event" VALUES(49,11,15,4,1795458502977);
INSERT INTO "Event" VALUES(50,12,15,4,1795458502977);
INSERT INTO "Event" VALUES(51,3,16,3,1795458503000);
INSERT INTO "Event" VALUES(52,8,16,3,1795458503000);
INSERT INTO "Event" VALUES(53,6,16,3,1795458503000);
INSERT INTO "Event" VALUES(54,13,16,4,1795458503013);
INSERT INTO "Event" VALUES(55,14,16,4,1795458503013);
INSERT INTO "Event" VALUES(56,1,17,3,1795458503042);
INSERT INTO "Event" VALUES(57,14,17,3,1795458503042);
INSERT INTO "Event" VALUES(58,18,17,4,1795458520215);
INSERT INTO "Event" VALUES(59,19,17,4,1795458520216);
INSERT INTO "Event" VALUES(60,14,18,3,1795458520242);
INSERT INTO "Event" VALUES(61,19,18,3,1795458520242);
INSERT INTO "Event" VALUES(62,20,18,4,1795458520282);
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
INSERT INTO "EventPath" VALUES(9,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(9,1,0,NULL);
INSERT INTO "EventPath" VALUES(10,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(10,1,0,NULL);
INSERT INTO "EventPath" VALUES(11,0,NULL,'post_transform_stats');
INSERT INTO "EventPath" VALUES(11,1,0,NULL);
INSERT INTO "EventPath" VALUES(12,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(12,1,0,NULL);
INSERT INTO "EventPath" VALUES(13,0,NULL,'updated_analyzer_cache');
INSERT INTO "EventPath" VALUES(13,1,0,NULL);
INSERT INTO "EventPath" VALUES(14,0,NULL,'transformed_examples');
INSERT INTO "EventPath" VALUES(14,1,0,NULL);
INSERT INTO "EventPath" VALUES(15,0,NULL,'pre_transform_schema');
INSERT INTO "EventPath" VALUES(15,1,0,NULL);
INSERT INTO "EventPath" VALUES(16,0,NULL,'post_transform_schema');
INSERT INTO "EventPath" VALUES(16,1,0,NULL);
INSERT INTO "EventPath" VALUES(17,0,NULL,'post_transform_anomalies');
INSERT INTO "EventPath" VALUES(17,1,0,NULL);
INSERT INTO "EventPath" VALUES(18,0,NULL,'pre_transform_stats');
INSERT INTO "EventPath" VALUES(18,1,0,NULL);
INSERT INTO "EventPath" VALUES(19,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(19,1,0,NULL);
INSERT INTO "EventPath" VALUES(20,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(20,1,0,NULL);
INSERT INTO "EventPath" VALUES(21,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(21,1,0,NULL);
INSERT INTO "EventPath" VALUES(22,0,NULL,'model_run');
INSERT INTO "EventPath" VALUES(22,1,0,NULL);
INSERT INTO "EventPath" VALUES(23,0,NULL,'model');
INSERT INTO "EventPath" VALUES(23,1,0,NULL);
INSERT INTO "EventPath" VALUES(24,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(24,1,0,NULL);
INSERT INTO "EventPath" VALUES(25,0,NULL,'model');
INSERT INTO "EventPath" VALUES(25,1,0,NULL);
INSERT INTO "EventPath" VALUES(26,0,NULL,'blessing');
INSERT INTO "EventPath" VALUES(26,1,0,NULL);
INSERT INTO "EventPath" VALUES(27,0,NULL,'evaluation');
INSERT INTO "EventPath" VALUES(27,1,0,NULL);
INSERT INTO "EventPath" VALUES(28,0,NULL,'model_blessing');
INSERT INTO "EventPath" VALUES(28,1,0,NULL);
INSERT INTO "EventPath" VALUES(29,0,NULL,'model');
INSERT INTO "EventPath" VALUES(29,1,0,NULL);
INSERT INTO "EventPath" VALUES(30,0,NULL,'pushed_model');
INSERT INTO "EventPath" VALUES(30,1,0,NULL);
INSERT INTO "EventPath" VALUES(31,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(31,1,0,NULL);
INSERT INTO "EventPath" VALUES(32,0,NULL,'model_blessing');
INSERT INTO "EventPath" VALUES(32,1,0,NULL);
INSERT INTO "EventPath" VALUES(33,0,NULL,'model');
INSERT INTO "EventPath" VALUES(33,1,0,NULL);
INSERT INTO "EventPath" VALUES(34,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(34,1,0,NULL);
INSERT INTO "EventPath" VALUES(35,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(35,1,0,NULL);
INSERT INTO "EventPath" VALUES(36,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(36,1,0,NULL);
INSERT INTO "EventPath" VALUES(37,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(37,1,0,NULL);
INSERT INTO "EventPath" VALUES(38,0,NULL,'statistics');
INSERT INTO "EventPath" VALUES(38,1,0,NULL);
INSERT INTO "EventPath" VALUES(39,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(39,1,0,NULL);
INSERT INTO "EventPath" VALUES(40,0,NULL,'anomalies');
INSERT INTO "EventPath" VALUES(40,1,0,NULL);
INSERT INTO "EventPath" VALUES(41,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(41,1,0,NULL);
INSERT INTO "EventPath" VALUES(42,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(42,1,0,NULL);
INSERT INTO "EventPath" VALUES(43,0,NULL,'post_transform_stats');
INSERT INTO "EventPath" VALUES(43,1,0,NULL);
INSERT INTO "EventPath" VALUES(44,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(44,1,0,NULL);
INSERT INTO "EventPath" VALUES(45,0,NULL,'updated_analyzer_cache');
INSERT INTO "EventPath" VALUES(45,1,0,NULL);
INSERT INTO "EventPath" VALUES(46,0,NULL,'transformed_examples');
INSERT INTO "EventPath" VALUES(46,1,0,NULL);
INSERT INTO "EventPath" VALUES(47,0,NULL,'pre_transform_schema');
INSERT INTO "EventPath" VALUES(47,1,0,NULL);
INSERT INTO "EventPath" VALUES(48,0,NULL,'post_transform_schema');
INSERT INTO "EventPath" VALUES(48,1,0,NULL);
INSERT INTO "EventPath" VALUES(49,0,NULL,'post_transform_anomalies');
INSERT INTO "EventPath" VALUES(49,1,0,NULL);
INSERT INTO "EventPath" VALUES(50,0,NULL,'pre_transform_stats');
INSERT INTO "EventPath" VALUES(50,1,0,NULL);
INSERT INTO "EventPath" VALUES(51,0,NULL,'schema');
INSERT INTO "EventPath" VALUES(51,1,0,NULL);
INSERT INTO "EventPath" VALUES(52,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(52,1,0,NULL);
INSERT INTO "EventPath" VALUES(53,0,NULL,'transform_graph');
INSERT INTO "EventPath" VALUES(53,1,0,NULL);
INSERT INTO "EventPath" VALUES(54,0,NULL,'model_run');
INSERT INTO "EventPath" VALUES(54,1,0,NULL);
INSERT INTO "EventPath" VALUES(55,0,NULL,'model');
INSERT INTO "EventPath" VALUES(55,1,0,NULL);
INSERT INTO "EventPath" VALUES(56,0,NULL,'examples');
INSERT INTO "EventPath" VALUES(56,1,0,NULL);
INSERT INTO "EventPath" VALUES(57,0,NULL,'baseline_model');
INSERT INTO "EventPath" VALUES(57,1,0,NULL);
INSERT INTO "EventPath" VALUES(57,0,NULL,'model');
INSERT INTO "EventPath" VALUES(57,1,0,NULL);
INSERT INTO "EventPath" VALUES(58,0,NULL,'evaluation');
INSERT INTO "EventPath" VALUES(58,1,0,NULL);
INSERT INTO "EventPath" VALUES(59,0,NULL,'blessing');
INSERT INTO "EventPath" VALUES(59,1,0,NULL);
INSERT INTO "EventPath" VALUES(60,0,NULL,'model');
INSERT INTO "EventPath" VALUES(60,1,0,NULL);
INSERT INTO "EventPath" VALUES(61,0,NULL,'model_blessing');
INSERT INTO "EventPath" VALUES(61,1,0,NULL);
INSERT INTO "EventPath" VALUES(62,0,NULL,'pushed_model');
INSERT INTO "EventPath" VALUES(62,1,0,NULL);
CREATE TABLE `Execution` (    `id` INTEGER PRIMARY KEY AUTOINCREMENT,    `type_id` INT NOT NULL,    `last_known_state` INT,    `name` VARCHAR(255),    `external_id` VARCHAR(255) UNIQUE,    `create_time_since_epoch` INT NOT NULL DEFAULT 0,    `last_update_time_since_epoch` INT NOT NULL DEFAULT 0,    UNIQUE(`type_id`, `name`)  );
INSERT INTO "Execution" VALUES(1,13,3,'8bae56ca-d288-4736-99fe-e8afd0b891eb',NULL,1795457926061,1795457927776);
INSERT INTO "Execution" VALUES(2,16,3,'c30746f9-199e-41a8-b6b5-b54eb52ffb2e',NULL,1795457927792,1795457927794);
INSERT INTO "Execution" VALUES(3,17,3,'b8698f6f-09d9-47e9-9005-9fcb65d734b1',NULL,1795457927809,1795457933913);
INSERT INTO "Execution" VALUES(4,19,3,'c475f7ea-4580-48c1-a8b1-faf56e22bc1c',NULL,1795457933931,1795457933966);
INSERT INTO "Execution" VALUES(5,21,3,'90dbabc6-8faf-4ca6-940a-6708161719e4',NULL,1795457933996,1795457934033);
INSERT INTO "Execution" VALUES(6,23,3,'b8a03c8e-abf7-46e9-b6ab-5944cde689b6',NULL,1795457934103,1795457978055);
INSERT INTO "Execution" VALUES(7,26,3,'15d18a7b-5b00-4d53-880c-158285c73b73',NULL,1795457978084,1795457983083);
INSERT INTO "Execution" VALUES(8,29,3,'d81f1188-500d-49f7-8f40-691b00f83052',NULL,1795457983109,1795457993045);
INSERT INTO "Execution" VALUES(9,32,3,'1e49e08f-bacf-4aae-93dc-b461b9655769',NULL,1795457993077,1795457993115);
INSERT INTO "Execution" VALUES(10,13,5,'c922cc8a-50cb-4d74-8d99-bdc757fd0605',NULL,1795458502810,1795458502823);
INSERT INTO "Execution" VALUES(11,16,3,'dadf4ba6-4b3f-48bf-b220-68baa09dff55',NULL,1795458502843,1795458502847);
INSERT INTO "Execution" VALUES(12,17,5,'5dbbbdb9-7854-4e2b-9853-b78e35f92428',NULL,1795458502864,1795458502876);
INSERT INTO "Execution" VALUES(13,19,5,'49f3b8dc-ad7a-48f5-8440-4ad8eee329e3',NULL,1795458502892,1795458502906);
INSERT INTO "Execution" VALUES(14,21,5,'c11cb040-b497-4965-ba6d-cebc3cf6b3d5',NULL,1795458502925,1795458502940);
INSERT INTO "Execution" VALUES(15,23,5,'c574f48f-de4a-421d-9f3e-fa510c0ffda1',NULL,1795458502959,1795458502976);
INSERT INTO "Execution" VALUES(16,26,5,'dcb35b5b-ef6b-47be-8064-ce39192284bd',NULL,1795458502999,1795458503013);
INSERT INTO "Execution" VALUES(17,29,3,'945e7129-00c9-4501-8cc0-e5f30170e8f5',NULL,1795458503041,1795458520215);
INSERT INTO "Execution" VALUES(18,32,3,'0eeb8f77-e19a-468e-bcf0-84dc89944bed',NULL,1795458520241,1795458520282);
INSERT INTO "Execution" VALUES(19,13,4,'7b21c61c-0a22-40bb-bfaf-eb745eef08d4',NULL,1795458540871,1795458540945);
CREATE TABLE `ExecutionProperty` (    `execution_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `is_custom_property` TINYINT(1) NOT NULL,    `int_value` INT,    `double_value` DOUBLE,    `string_value` TEXT,    `byte_value` BLOB,    `proto_value` BLOB,    `bool_value` BOOLEAN,  PRIMARY KEY (`execution_id`, `name`, `is_custom_property`));
INSERT INTO "ExecutionProperty" VALUES(1,'output_data_format',1,6,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'output_config',1,NULL,NULL,'{
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
INSERT INTO "ExecutionProperty" VALUES(1,'output_file_format',1,5,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_base',1,NULL,NULL,'/tfx/data',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_config',1,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'input_fingerprint',1,NULL,NULL,'split:single_split,num_files:1,total_bytes:15203,xor_checksum:1795457898,sum_checksum:1795457898',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(1,'span',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(3,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(4,'infer_feature_shape',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(5,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'force_tf_compat_v1',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'module_path',1,NULL,NULL,'penguin_model@/tfx/artifacts/_wheels/tfx_user_code_transform-0.0+d7b05400ee5cf0426ef600a5f8b8305d91f181def3b7c5d96b942c7386cd07af-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'disable_statistics',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(6,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'module_path',1,NULL,NULL,'penguin_model@/tfx/artifacts/_wheels/tfx_user_code_trainer-0.0+d7b05400ee5cf0426ef600a5f8b8305d91f181def3b7c5d96b942c7386cd07af-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'eval_args',1,NULL,NULL,'{
  "num_steps": 5
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'custom_config',1,NULL,NULL,'{"learning_rate": 0.01, "seed": 7}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(7,'train_args',1,NULL,NULL,'{
  "num_steps": 20
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'example_splits',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'fairness_indicator_thresholds',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(8,'eval_config',1,NULL,NULL,'{
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
INSERT INTO "ExecutionProperty" VALUES(9,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(9,'push_destination',1,NULL,NULL,'{
  "filesystem": {
    "base_directory": "/tfx/serving"
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'output_data_format',1,6,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'input_base',1,NULL,NULL,'/tfx/data',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'input_config',1,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'output_file_format',1,5,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(10,'output_config',1,NULL,NULL,'{
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
INSERT INTO "ExecutionProperty" VALUES(12,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(13,'infer_feature_shape',1,1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(13,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(14,'exclude_splits',1,NULL,NULL,'[]',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'force_tf_compat_v1',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'module_path',1,NULL,NULL,'penguin_model@/tfx/artifacts/_wheels/tfx_user_code_transform-0.0+d7b05400ee5cf0426ef600a5f8b8305d91f181def3b7c5d96b942c7386cd07af-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(15,'disable_statistics',1,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(16,'module_path',1,NULL,NULL,'penguin_model@/tfx/artifacts/_wheels/tfx_user_code_trainer-0.0+d7b05400ee5cf0426ef600a5f8b8305d91f181def3b7c5d96b942c7386cd07af-py3-none-any.whl',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(16,'custom_config',1,NULL,NULL,'{"learning_rate": 0.01, "seed": 7}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(16,'eval_args',1,NULL,NULL,'{
  "num_steps": 5
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(16,'train_args',1,NULL,NULL,'{
  "num_steps": 20
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(17,'eval_config',1,NULL,NULL,'{
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
INSERT INTO "ExecutionProperty" VALUES(17,'fairness_indicator_thresholds',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(17,'example_splits',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(18,'push_destination',1,NULL,NULL,'{
  "filesystem": {
    "base_directory": "/tfx/serving"
  }
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(18,'custom_config',1,NULL,NULL,'null',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(19,'input_base',1,NULL,NULL,'/tfx/bad',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(19,'output_file_format',1,5,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(19,'input_config',1,NULL,NULL,'{
  "splits": [
    {
      "name": "single_split",
      "pattern": "*"
    }
  ]
}',NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(19,'output_data_format',1,6,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "ExecutionProperty" VALUES(19,'output_config',1,NULL,NULL,'{
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
CREATE TABLE `MLMDEnv` (    `schema_version` INTEGER PRIMARY KEY  );
INSERT INTO "MLMDEnv" VALUES(10);
CREATE TABLE `ParentContext` (    `context_id` INT NOT NULL,    `parent_context_id` INT NOT NULL,  PRIMARY KEY (`context_id`, `parent_context_id`));
INSERT INTO "ParentContext" VALUES(2,1);
INSERT INTO "ParentContext" VALUES(20,1);
INSERT INTO "ParentContext" VALUES(23,1);
CREATE TABLE `ParentType` (    `type_id` INT NOT NULL,    `parent_type_id` INT NOT NULL,  PRIMARY KEY (`type_id`, `parent_type_id`));
INSERT INTO "ParentType" VALUES(15,1);
INSERT INTO "ParentType" VALUES(17,7);
INSERT INTO "ParentType" VALUES(18,4);
INSERT INTO "ParentType" VALUES(19,7);
INSERT INTO "ParentType" VALUES(23,6);
INSERT INTO "ParentType" VALUES(26,5);
INSERT INTO "ParentType" VALUES(28,2);
INSERT INTO "ParentType" VALUES(29,8);
INSERT INTO "ParentType" VALUES(32,9);
INSERT INTO "ParentType" VALUES(33,2);
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
INSERT INTO "Type" VALUES(11,'pipeline_run',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(12,'node',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(13,'tfx.components.example_gen.csv_example_gen.component.CsvExampleGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(14,'execution_cache',NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(15,'Examples',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(16,'tfx.dsl.components.common.resolver.Resolver',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(17,'tfx.components.statistics_gen.component.StatisticsGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(18,'ExampleStatistics',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(19,'tfx.components.schema_gen.component.SchemaGen',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(20,'Schema',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(21,'tfx.components.example_validator.component.ExampleValidator',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(22,'ExampleAnomalies',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(23,'tfx.components.transform.component.Transform',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(24,'TransformGraph',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(25,'TransformCache',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(26,'tfx.components.trainer.component.Trainer',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(27,'ModelRun',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(28,'Model',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(29,'tfx.components.evaluator.component.Evaluator',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(30,'ModelBlessing',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(31,'ModelEvaluation',NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(32,'tfx.components.pusher.component.Pusher',NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO "Type" VALUES(33,'PushedModel',NULL,1,NULL,NULL,NULL,NULL);
CREATE TABLE `TypeProperty` (    `type_id` INT NOT NULL,    `name` VARCHAR(255) NOT NULL,    `data_type` INT NULL,  PRIMARY KEY (`type_id`, `name`));
INSERT INTO "TypeProperty" VALUES(15,'version',1);
INSERT INTO "TypeProperty" VALUES(15,'split_names',3);
INSERT INTO "TypeProperty" VALUES(15,'span',1);
INSERT INTO "TypeProperty" VALUES(18,'span',1);
INSERT INTO "TypeProperty" VALUES(18,'split_names',3);
INSERT INTO "TypeProperty" VALUES(22,'split_names',3);
INSERT INTO "TypeProperty" VALUES(22,'span',1);
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
INSERT INTO "sqlite_sequence" VALUES('Type',33);
INSERT INTO "sqlite_sequence" VALUES('Context',24);
INSERT INTO "sqlite_sequence" VALUES('Execution',19);
INSERT INTO "sqlite_sequence" VALUES('Association',74);
INSERT INTO "sqlite_sequence" VALUES('Artifact',20);
INSERT INTO "sqlite_sequence" VALUES('Event',62);
INSERT INTO "sqlite_sequence" VALUES('Attribution',111);
COMMIT;
